import type { OutputListener } from "./box/outputs.ts";
import { checkKnown, checkOptional, checkSignal, invalid } from "./option-checks.ts";
import { checkEnvironment, checkTimeout } from "./session-options.ts";

/** Text, bytes, or a source of bytes that a program reads as its standard input. */
export type Input = string | Uint8Array | AsyncIterable<Uint8Array>;

/** For one command. */
export interface CommandOptions {
  /** Time limit in milliseconds; over it everything the command started is killed and the status is `timed-out`. */
  readonly timeoutMs?: number;
  /** Aborting kills everything the command started; the result has the status `cancelled` and the output so far. */
  readonly signal?: AbortSignal;
  /** Standard input; without it the program reads an end of file. */
  readonly stdin?: Input;
  /** Added to the session's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working folder, relative to the workspace or absolute. */
  readonly cwd?: string;
  /**
   * Called with output as it comes; a returned promise slows the program down until it settles. Five seconds after a run
   * was ended, by its time limit or its signal, it is told nothing more and not waited for.
   */
  readonly onOutput?: OutputListener;
  /**
   * Tells in the result's `changedFiles` what was written, by looking through the workspace before and after; what runs at
   * the same time write counts as well.
   */
  readonly changedFiles?: boolean;
}

/** For one run of code. */
export interface RunOptions extends CommandOptions {
  /** What the program sees as its arguments. */
  readonly argv?: readonly string[];
}

/** For `spawn`. */
export interface SpawnOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** True: `process.stdin` is open for writing. */
  readonly stdin?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Largest source in characters. */
const mostCodeCharacters = 16 * 1_048_576;

/** Throws `INVALID_OPTION` unless it can be the source of a program. */
export function checkCode(code: unknown): asserts code is string {
  if (typeof code !== "string") throw invalid("The code is not a string.");
  if (code.length > mostCodeCharacters) {
    throw invalid(
      `The code has ${code.length} characters; ${mostCodeCharacters} fit.`,
      "Copy large data into the box with copyToRuntime and read it from there.",
    );
  }
  if (code.includes("\0"))
    throw invalid("The code holds a NUL character.", "Remove it or write it as an escape.");
  if (!code.isWellFormed()) {
    throw invalid("The code holds half of a surrogate pair.", "Repair it with code.toWellFormed().");
  }
}

const commandOptions = ["timeoutMs", "signal", "stdin", "env", "cwd", "onOutput", "changedFiles"];

export function checkCommandOptions(options: CommandOptions): void {
  checkKnown("executeCommand", options, commandOptions);
  checkShared(options);
}

export function checkRunOptions(options: RunOptions): void {
  checkKnown("run", options, [...commandOptions, "argv"]);
  checkShared(options);
  if (options.argv !== undefined) checkArguments(options.argv, "argv");
}

export function checkContextRunOptions(options: object): void {
  checkKnown("context.run", options, ["timeoutMs", "signal", "onOutput", "changedFiles"]);
  checkShared(options);
}

export function checkSpawnOptions(options: SpawnOptions): void {
  checkKnown("spawn", options, ["timeoutMs", "signal", "stdin", "env", "cwd"]);
  checkOptional(options, "stdin", "boolean");
  checkLimits(options);
}

/** Throws `INVALID_OPTION` unless they are strings that an argument vector can hold. */
export function checkArguments(values: readonly string[], name: string): void {
  const fits =
    Array.isArray(values) &&
    values.every((value) => typeof value === "string" && !value.includes("\0") && value.isWellFormed());
  if (!fits) throw invalid(`${name} is not an array of strings without NUL.`);
}

function checkShared(options: CommandOptions): void {
  checkLimits(options);
  checkOptional(options, "onOutput", "function");
  checkOptional(options, "changedFiles", "boolean");
  const { stdin } = options;
  const readable =
    stdin === undefined ||
    typeof stdin === "string" ||
    stdin instanceof Uint8Array ||
    (typeof stdin === "object" && stdin !== null && Symbol.asyncIterator in stdin);
  if (!readable) throw invalid("stdin is neither text, bytes, nor a source of bytes.");
}

function checkLimits(options: Pick<CommandOptions, "timeoutMs" | "signal" | "env">): void {
  if (options.timeoutMs !== undefined) checkTimeout(options.timeoutMs);
  checkSignal(options.signal);
  checkEnvironment(options.env);
}

/** Standard input as bytes. */
export function inputBytes(stdin: Input | undefined): Uint8Array | AsyncIterable<Uint8Array> | undefined {
  return typeof stdin === "string" ? Buffer.from(stdin, "utf8") : stdin;
}
