/** How a run ended. Only `ok` is success; every other one is still a result with its partial output. */
export type Status = "ok" | "failed" | "timed-out" | "out-of-memory" | "cancelled";

/** A text stream of a run. */
export type OutputStream = "stdout" | "stderr";

/** A piece of output as it comes; decoded so that no character is ever cut in two. */
export interface OutputChunk {
  readonly stream: OutputStream;
  readonly text: string;
}

/** What was left out of `stdout` or `stderr`, of `bytes` in all. */
export interface Truncation {
  /** True bytes the program wrote. */
  readonly bytes: number;
  /** Bytes left out between head and tail; 0 when nothing was. */
  readonly omittedBytes: number;
}

/** One rich output: the same thing in several media types. Binary types are base64 text, `application/json` is a JSON value without `__proto__` keys. */
export interface RichOutput {
  /** `value`: the last expression's value. `display`: shown on the way. */
  readonly kind: "display" | "value";
  readonly data: Readonly<Record<string, unknown>>;
}

/** The user's code failed: the uncaught error, with the user's own line numbers. */
export interface ExecutionError {
  /** `ValueError`, `TypeError`, `CompileError`, … */
  readonly name: string;
  readonly message: string;
  readonly traceback: string;
  /** 1-based line in the user's code where it is known. */
  readonly line?: number;
}

/** What a run used. Null where the box could not tell. */
export interface Usage {
  /** Processor time of the run's processes in milliseconds. */
  readonly cpuMs: number | null;
  /** Largest resident memory of the run's first process and the children it waited for, in bytes. */
  readonly peakMemoryBytes: number | null;
}

/** A file of the workspace that is not as it was before a run. */
export interface ChangedFile {
  /** Relative to the workspace. */
  readonly path: string;
  readonly change: "created" | "modified" | "removed";
  /** Bytes; null when it was removed. */
  readonly size: number | null;
}

/** The result of a command. */
export interface CommandResult {
  readonly status: Status;
  /** Null when a signal or the sandbox ended it. */
  readonly exitCode: number | null;
  /** `SIGSEGV` and the like, when one ended it. */
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: { readonly stdout: Truncation; readonly stderr: Truncation };
  /** Wall time inside the box, from start to sweep, in milliseconds. */
  readonly durationMs: number;
  readonly usage: Usage;
  /**
   * With `changedFiles: true`: files and links of the workspace that differ from before the run, by path. Null when it
   * cannot be told: a folder that cannot be read, or over 20,000 entries.
   */
  readonly changedFiles?: readonly ChangedFile[] | null;
}

/** The result of code. */
export interface ExecutionResult extends CommandResult {
  readonly language: string;
  readonly error: ExecutionError | null;
  /** Rich outputs in the order they came; the last expression's value last. */
  readonly outputs: readonly RichOutput[];
  /** The last expression's value as text, or null. */
  readonly value: string | null;
}
