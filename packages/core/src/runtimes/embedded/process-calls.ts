import { constants } from "node:os";
import type { ChildCall } from "./child-frames.ts";
import { answerFileCall } from "./file-calls.ts";
import type { Answer } from "./file-calls.ts";
import type { InputBuffer } from "./input-buffer.ts";
import { parserPart, toolsPart, zonesPart } from "./package-parts.ts";
import type { ProgramFiles } from "./program-files.ts";

/** What a process may ask for. */
export interface ProcessCalls {
  readonly files: ProgramFiles;
  readonly inputs: Readonly<Record<0 | 3, InputBuffer>>;
  onStarted(): void;
  onNoProgram(): void;
  onOutOfMemory(): void;
  /** It has ended and sent everything: nobody need wait until its memory is given back. */
  onExit(exitCode: number): void;
  /** It ends itself by a signal. */
  onSignal(name: NodeJS.Signals): void;
  /** Another process, from its start to its end. */
  run(command: OtherCommand): Promise<OtherResult>;
}

export interface OtherCommand {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly input: Uint8Array;
}

export interface OtherResult {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

const mostInputBytes = 1_048_576;
const longestWaitMs = 1_000;

/** Answers a call of a process; what it throws with an errno as `code` is the call's failure. */
export async function answerProcessCall(process: ProcessCalls, call: ChildCall): Promise<Answer> {
  const { request } = call;
  switch (request["op"]) {
    case "input":
      return input(process, request);
    case "started":
      process.onStarted();
      return { value: {} };
    case "no-program":
      process.onNoProgram();
      return { value: {} };
    case "out-of-memory":
      process.onOutOfMemory();
      return { value: {} };
    case "exit":
      process.onExit(Number(request["code"]) & 0xff);
      return { value: {} };
    case "die":
      return die(process, signalOf(request["signal"]));
    case "part":
      if (request["name"] === "acorn") return parserPart();
      if (request["name"] === "zones") return zonesPart();
      if (request["name"] === "shell-tools") return toolsPart();
      break;
    case "run":
      return run(process, call);
    default:
  }
  const answer = answerFileCall(process.files, call);
  if (answer) return answer;
  throw Object.assign(new Error(`no call ${String(request["op"]).slice(0, 40)}`), { code: "ENOSYS" });
}

async function die(process: ProcessCalls, signal: NodeJS.Signals): Promise<Answer> {
  // A process that stops itself waits for ever: nothing continues it but its end.
  if (signal === "SIGSTOP" || signal === "SIGTSTP") return new Promise(() => {});
  if (signal !== "SIGCONT") process.onSignal(signal);
  return { value: {} };
}

function signalOf(signal: unknown): NodeJS.Signals {
  const known = Object.entries(constants.signals) as [NodeJS.Signals, number][];
  return known.find(([name, number]) => name === signal || number === signal)?.[0] ?? "SIGKILL";
}

async function input({ inputs }: ProcessCalls, request: ChildCall["request"]): Promise<Answer> {
  const { most, waitMs } = request;
  const bytes = typeof most === "number" && most > 0 ? Math.min(most, mostInputBytes) : 65_536;
  const wait = typeof waitMs === "number" && waitMs >= 0 ? Math.min(waitMs, longestWaitMs) : undefined;
  const data = await inputs[request["stream"] === 3 ? 3 : 0].take(bytes, wait);
  return data === null ? { value: { pending: true } } : { value: {}, data };
}

async function run(process: ProcessCalls, { request, data }: ChildCall): Promise<Answer> {
  const argv = strings(request["argv"]);
  const env = Object.fromEntries(
    Object.entries(request["env"] ?? {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
  const cwd = typeof request["cwd"] === "string" ? request["cwd"] : "/workspace";
  const { exitCode, stdout, stderr } = await process.run({ argv, env, cwd, input: Buffer.from(data) });
  return { value: { exitCode, stdoutBytes: stdout.length }, data: Buffer.concat([stdout, stderr]) };
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
