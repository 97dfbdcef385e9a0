import type { ExecutionError } from "../execution.ts";
import type { SandboxToolError } from "./failure-text.ts";
import { ownLine } from "./own-words.ts";

/**
 * How a call ended. `refused`: the arguments were wrong, nothing ran. `lost`: the box ended during the call.
 * `unavailable`: the sandbox itself failed, nothing ran. The others are those of a run.
 */
export type ToolStatus = "ok" | "failed" | "timed-out" | "out-of-memory" | "refused" | "lost" | "unavailable";

/** A picture that the code drew. */
export interface ToolImage {
  /** Where it lies in the box; null when it could not be saved. */
  readonly path: string | null;
  readonly mediaType: string;
  readonly data: Uint8Array;
}

/** A file that was made or changed during the call: by it, or by another call that ran at the same time. */
export interface ToolFile {
  /** Absolute, in the box. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** What came of a call: `text` for the model, the rest for the application. */
export interface ToolOutcome {
  /** What the model is told: never a path, stack or secret of this machine. */
  readonly text: string;
  readonly status: ToolStatus;
  /** Sentences that `text` begins with and that frameworks with a form of their own have to pass on: a sandbox that was replaced, arguments that were ignored. */
  readonly notices: readonly string[];
  /** Standard output as in `text`: cut, and without imitations of the sandbox's own lines. So are `stderr` and `value`. */
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
  /** The last expression's value as text. */
  readonly value: string | null;
  readonly error: ExecutionError | null;
  readonly images: readonly ToolImage[];
  readonly files: readonly ToolFile[];
  readonly durationMs: number;
  /** Of `unavailable`: an error to throw where a framework wants that; its cause is for logs. */
  readonly failure?: SandboxToolError;
}

/** The outcome of a call in which nothing ran; the model is told the sentence. */
export function nothingRan(status: ToolStatus, sentence: string): ToolOutcome {
  return {
    text: ownLine(sentence),
    status,
    notices: [],
    stdout: "",
    stderr: "",
    exitCode: null,
    value: null,
    error: null,
    images: [],
    files: [],
    durationMs: 0,
  };
}

/** The outcome, with what the model has to be told first. */
export function afterNotices(outcome: ToolOutcome, notices: readonly string[]): ToolOutcome {
  return { ...outcome, notices, text: [...notices.map(ownLine), outcome.text].join("\n") };
}

/** Whether frameworks that know failed tool calls should be told of one. */
export function isFailure({ status }: Pick<ToolOutcome, "status">): boolean {
  return status !== "ok";
}
