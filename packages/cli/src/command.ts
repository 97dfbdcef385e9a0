import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Readable } from "node:stream";
import { parseArgs } from "node:util";
import { knownRuntimes } from "@llm-sandbox/core";
import type { RuntimeName } from "@llm-sandbox/core";
import type { CleanOptions } from "./clean.ts";
import { languageOf } from "./language-of.ts";
import { codeFromStdin } from "./stdin.ts";
import { UsageError } from "./usage-error.ts";

/** What says where and how a box is opened. */
export interface BoxOptions {
  readonly runtime?: RuntimeName;
  readonly memoryBytes?: number;
  readonly network: "none" | "full";
  readonly image?: string;
  readonly verbose: boolean;
}

export interface RunCommand extends BoxOptions {
  readonly name: "run";
  readonly code: string;
  readonly lang: string;
  readonly timeoutMs: number;
  /** Files and folders for the box before the run. */
  readonly inputs: readonly Transfer[];
  /** Files and folders of the box that come back after it. */
  readonly outputs: readonly Transfer[];
  /** Print the whole result as one JSON object in place of the output. */
  readonly json: boolean;
  /** What the program reads as its own standard input. */
  readonly stdin?: Readable;
}

export interface ShellCommand extends BoxOptions {
  readonly name: "shell";
  readonly lang: string;
}

export type Command =
  | RunCommand
  | ShellCommand
  | { readonly name: "tour"; readonly runtime?: RuntimeName }
  | { readonly name: "doctor" }
  | ({ readonly name: "clean" } & CleanOptions)
  | { readonly name: "help" }
  | { readonly name: "version" };

/** A file or folder and where it goes. */
export interface Transfer {
  readonly from: string;
  readonly to: string;
}

const noCode = "nothing on standard input, so this is the guided run (for code that comes later: run -)";
const mebibyte = 1024 * 1024;

/** Reads the command line, and the code it names. */
export async function parseCommand(args: readonly string[]): Promise<Command> {
  const { values, positionals } = parse(args);
  if (values.help) return { name: "help" };
  if (values.version) return { name: "version" };
  const [name, file, ...rest] = positionals;

  if (name === "tour" || name === undefined) {
    if (file !== undefined) throw new UsageError(`tour takes no arguments, got "${file}".`);
    const code = name === undefined ? await codeFromStdin("if-any", noCode) : "";
    return code.trim() === "" ? { name: "tour", ...runtimeIn(values) } : runCommand(code, undefined, values);
  }
  if (name === "shell" || name === "doctor" || name === "clean") {
    if (file !== undefined) throw new UsageError(`${name} takes no arguments, got "${file}".`);
    if (name === "shell") return { name, lang: languageOf(undefined, values.lang), ...boxOptions(values) };
    if (name === "doctor") return { name };
    return { name, ...runtimeIn(values), yes: values.yes, dryRun: values["dry-run"] };
  }
  if (name !== "run") {
    throw new UsageError(`Unknown command "${name}". Known: run, shell, doctor, clean, tour.`);
  }
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
        runtime: { type: "string" },
        in: { type: "string", multiple: true, default: [] },
        out: { type: "string", multiple: true, default: [] },
        json: { type: "boolean", default: false },
        image: { type: "string" },
        yes: { type: "boolean", default: false },
        "dry-run": { type: "boolean", default: false },
        verbose: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
        version: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    // Node goes on with advice for programs that take such arguments as they come.
    const [said = ""] = (error as Error).message.split(/\. |\.?\n/, 1);
    const option = /^Option '(--\S+)' argument is ambiguous/.exec(said)?.[1];
    throw new UsageError(
      option === undefined
        ? said
        : `${option} needs a value; one that begins with a dash is written ${option}=-…`,
      { cause: error },
    );
  }
}

type Values = ReturnType<typeof parse>["values"];

function runCommand(code: string, file: string | undefined, values: Values): RunCommand {
  return {
    name: "run",
    code,
    lang: languageOf(file, values.lang),
    timeoutMs: timeoutMs(values.timeout),
    inputs: values.in.map((text) => transfer(text, "in")),
    outputs: values.out.map((text) => transfer(text, "out")),
    json: values.json,
    ...boxOptions(values),
    ...(file === undefined || process.stdin.isTTY ? {} : { stdin: process.stdin }),
  };
}

function boxOptions(values: Values): BoxOptions {
  const { network } = values;
  if (network !== "none" && network !== "full") {
    throw new UsageError(`--network is none or full, not "${network}".`);
  }
  return {
    ...runtimeIn(values),
    ...(values.memory === undefined ? {} : { memoryBytes: memoryBytes(values.memory) }),
    network,
    ...(values.image === undefined ? {} : { image: values.image }),
    verbose: values.verbose,
  };
}

function runtimeIn({ runtime: name }: Values): { readonly runtime?: RuntimeName } {
  if (name === undefined || name === "auto") return {};
  const known = knownRuntimes.find((runtime) => runtime.name === name);
  if (known) return { runtime: known.name };
  const names = knownRuntimes.map((runtime) => runtime.name);
  throw new UsageError(`--runtime is auto, ${names.join(" or ")}, not "${name}".`);
}

/** `PATH` or `PATH:PATH`; without the second, the last part of the first. */
function transfer(text: string, option: "in" | "out"): Transfer {
  const [from = "", to = basename(from), ...rest] = text.split(":");
  if (from === "" || to === "" || rest.length > 0) {
    throw new UsageError(`--${option} takes PATH or PATH:PATH, not "${text}".`);
  }
  return { from, to };
}

/** Within what the core takes, with a minute to spare. */
const mostSeconds = 2_000_000;

function timeoutMs(text: string): number {
  const value = positive("--timeout", "seconds", text);
  if (value > mostSeconds) {
    throw new UsageError(`--timeout is at most ${mostSeconds} (seconds), not ${text}.`);
  }
  return Math.max(1, Math.round(value * 1000));
}

/** The smallest box that the core opens. */
const leastMebibytes = 32;
/** More than any machine has. */
const mostMebibytes = 2 ** 30;

function memoryBytes(text: string): number {
  const value = positive("--memory", "MiB", text);
  if (value < leastMebibytes) {
    throw new UsageError(`--memory is at least ${leastMebibytes} (MiB), not ${text}.`);
  }
  if (value > mostMebibytes) {
    throw new UsageError(`--memory is at most ${mostMebibytes} (MiB), not ${text}.`);
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
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new UsageError(`Cannot read ${file}: ${unreadable[code] ?? message}.`, { cause: error });
  }
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "you may not",
  ERR_ENCODING_INVALID_ENCODED_DATA: "it is not text in UTF-8",
};
