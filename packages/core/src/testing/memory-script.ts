import type { ExecutionError } from "../execution.ts";
import type { MemoryFiles } from "../agent/memory-files.ts";

/** What the double hands to its scripts about a process. */
export interface MemoryProcess {
  readonly argv: readonly string[];
  /** The whole environment: the session's, with the call's merged over it. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Standard input, to its end; empty when the caller gave none. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Aborts when the process is killed: a timeout, a cancel, a signal, the end of the session. */
  readonly signal: AbortSignal;
  /** The box's files. */
  readonly files: MemoryFiles;
  /** Ends the box as if it had been killed: what is under way rejects with `BOX_LOST`. */
  loseBox(): void;
}

/** A run of code. */
export interface MemoryRun extends MemoryProcess {
  readonly language: string;
  readonly code: string;
  /** Whether a context runs it, whose `state` is kept from run to run. */
  readonly mode: "script" | "context";
  /** Empty for a fresh process; the same object for every run of one context. */
  readonly state: Record<string, unknown>;
}

/** A command. */
export interface MemoryCommand extends MemoryProcess {
  /** What the shell was asked to do; undefined for an argument vector. */
  readonly shell: string | undefined;
}

/** What a process did. Of a generator's pieces, texts add up and the last of everything else counts. */
export interface MemoryOutcome {
  readonly stdout?: string | Uint8Array;
  readonly stderr?: string | Uint8Array;
  /** Rich outputs by media type, as a language's kernel reports them. Only for code. */
  readonly outputs?: readonly Readonly<Record<string, unknown>>[];
  /** The last expression's value: its text, or by media type. Only for code. */
  readonly value?: string | Readonly<Record<string, unknown>>;
  /** The uncaught error; the exit code is 1 then unless it is given. Only for code. */
  readonly error?: Pick<ExecutionError, "name" | "message"> & Partial<ExecutionError>;
  readonly exitCode?: number;
  /** The signal that ended it, in place of an exit code. */
  readonly endedBy?: string;
  /** The sandbox ended it. */
  readonly status?: "timed-out" | "out-of-memory";
}

/** One outcome, or pieces of it as they come. What it throws is the uncaught error of the code. */
export type MemoryHandler<Call> = (
  call: Call,
) =>
  | MemoryOutcome
  | void
  | Promise<MemoryOutcome | void>
  | AsyncIterable<MemoryOutcome, MemoryOutcome | void>;

/** The pieces of a handler's outcome, until it is done or the call's signal aborts. */
export async function* play<Call extends MemoryProcess>(
  handler: MemoryHandler<Call> | undefined,
  call: Call,
): AsyncGenerator<MemoryOutcome, void, undefined> {
  const made = handler?.(call);
  const pieces = isPieces(made) ? made[Symbol.asyncIterator]() : onePiece(made);
  const stopped = new Promise<"stopped">((resolve) => {
    if (call.signal.aborted) resolve("stopped");
    call.signal.addEventListener("abort", () => resolve("stopped"), { once: true });
  });
  for (;;) {
    const next = pieces.next();
    const first = await Promise.race([next, stopped]);
    if (first === "stopped") {
      next.catch(() => {});
      void pieces.return?.(undefined)?.then(undefined, () => {});
      return;
    }
    if (first.value) yield first.value;
    if (first.done) return;
  }
}

function isPieces(made: unknown): made is AsyncIterable<MemoryOutcome, MemoryOutcome | void> {
  return typeof made === "object" && made !== null && Symbol.asyncIterator in made;
}

async function* onePiece(
  made: MemoryOutcome | void | Promise<MemoryOutcome | void>,
): AsyncGenerator<MemoryOutcome, void, undefined> {
  const outcome = await made;
  if (outcome) yield outcome;
}
