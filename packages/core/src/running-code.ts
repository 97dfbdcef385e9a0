import type { ExecutionResult, OutputChunk } from "./execution.ts";
import type { OutputListener } from "./box/outputs.ts";

/**
 * Code that runs: iterate over its output as it comes, in the order it came; then, or instead, await `result`. A program
 * is slowed down to the loop's pace; leaving the loop early cancels the run.
 */
export class RunningCode implements AsyncIterable<OutputChunk> {
  readonly #result: Promise<ExecutionResult>;
  readonly #abort = new AbortController();
  readonly #waiting: { readonly chunk: OutputChunk; taken(): void }[] = [];
  #wake: (() => void) | undefined;
  #isOver = false;
  #isIterated = false;
  #isDiscarded = false;

  /** `run` starts it with a listener for its output and a signal that cancels it. */
  constructor(run: (onOutput: OutputListener, signal: AbortSignal) => Promise<ExecutionResult>) {
    this.#result = run((chunk) => this.#push(chunk), this.#abort.signal).finally(() => {
      this.#isOver = true;
      this.#wake?.();
    });
    this.#result.catch(() => {});
  }

  /** The result, as of `run`. Without a loop over the output, the output only lands in it. */
  get result(): Promise<ExecutionResult> {
    if (!this.#isIterated) this.#discard();
    return this.#result;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<OutputChunk, void, undefined> {
    if (this.#isIterated) throw new TypeError("The output of a run can be iterated once.");
    this.#isIterated = true;
    try {
      for (;;) {
        const next = this.#waiting.shift();
        if (next) {
          next.taken();
          yield next.chunk;
        } else if (this.#isOver) {
          await this.#result;
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      if (!this.#isOver) this.#abort.abort(new Error("The loop over the output was left."));
      this.#discard();
    }
  }

  #push(chunk: OutputChunk): Promise<void> | void {
    if (this.#isDiscarded) return;
    return new Promise((resolve) => {
      this.#waiting.push({ chunk, taken: resolve });
      this.#wake?.();
    });
  }

  #discard(): void {
    this.#isDiscarded = true;
    for (const { taken } of this.#waiting.splice(0)) taken();
  }
}
