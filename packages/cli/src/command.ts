import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { parseArgs } from "node:util";
import { languageOf } from "./language-of.ts";
import { codeFromStdin } from "./stdin.ts";
import { UsageError } from "./usage-error.ts";

export interface RunCommand {
  readonly name: "run";
  readonly code: string;
  readonly lang: string;
  readonly timeoutMs: number;
  readonly memoryBytes?: number;
  readonly network: "none" | "full";
  readonly image?: string;
  readonly verbose: boolean;
  /** What the program reads as its own standard input. */
  readonly stdin?: Readable;
}

export type Command = RunCommand | { readonly name: "tour" } | { readonly name: "help" };

const noCode = "nothing on standard input, so this is the guided run (for code that comes later: run -)";
const mebibyte = 1024 * 1024;

/** Reads the command line, and the code it names. */
export async function parseCommand(args: readonly string[]): Promise<Command> {
  const { values, positionals } = parse(args);
  if (values.help) return { name: "help" };
  const [name, file, ...rest] = positionals;

  if (name === "tour" || name === undefined) {
    if (file !== undefined) throw new UsageError(`tour takes no arguments, got "${file}".`);
    const code = name === undefined ? await codeFromStdin("if-any", noCode) : "";
    return code.trim() === "" ? { name: "tour" } : runCommand(code, undefined, values);
  }
  if (name !== "run") throw new UsageError(`Unknown command "${name}". Known: run, tour.`);
  if (file === undefined) {
    const code = await codeFromStdin("if-any");
    if (code === "") throw new UsageError("run needs a file, or - for standard input.");
    return runCommand(code, undefined, values);
  }
  if (rest.length > 0) throw new UsageError(`run takes one file, got also "${rest.join(" ")}".`);
  if (file === "-") return runCommand(await codeFromStdin("wait"), undefined, values);
  return runCommand(await read(file), file, values);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        lang: { type: "string" },
        timeout: { type: "string", default: "60" },
        memory: { type: "string" },
        network: { type: "string", default: "none" },
        image: { type: "string" },
        verbose: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

type Values = ReturnType<typeof parse>["values"];

function runCommand(code: string, file: string | undefined, values: Values): RunCommand {
  const { network } = values;
  if (network !== "none" && network !== "full") {
    throw new UsageError(`--network is none or full, not "${network}".`);
  }
  return {
    name: "run",
    code,
    lang: languageOf(file, values.lang),
    timeoutMs: positive("--timeout", "seconds", values.timeout) * 1000,
    ...(values.memory === undefined ? {} : { memoryBytes: memoryBytes(values.memory) }),
    network,
    ...(values.image === undefined ? {} : { image: values.image }),
    verbose: values.verbose,
    ...(file === undefined || process.stdin.isTTY ? {} : { stdin: process.stdin }),
  };
}

/** The smallest box that the core opens. */
const leastMebibytes = 32;

function memoryBytes(text: string): number {
  const value = positive("--memory", "MiB", text);
  if (value < leastMebibytes) {
    throw new UsageError(`--memory is at least ${leastMebibytes} (MiB), not ${text}.`);
  }
  return Math.round(value * mebibyte);
}

function positive(option: string, unit: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0) {
    throw new UsageError(`${option} is a positive number of ${unit}, not "${text}".`);
  }
  return value;
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`Cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
}
