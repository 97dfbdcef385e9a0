import { availableParallelism } from "node:os";

/** Lets as many children start at a time as there are processors, in the order they came: more would only be slower, all of them. */
export class StartGate {
  #free = Math.max(2, availableParallelism());
  #waiting: (() => void)[] = [];

  /** Callers that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves with the function that lets the next one in. Rejects when the signal aborts first. */
  async enter(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(signal);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    };
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    const turn = Promise.withResolvers<void>();
    const abort = (): void => {
      this.#waiting = this.#waiting.filter((other) => other !== turn.resolve);
      turn.reject(signal!.reason as Error);
    };
    this.#waiting.push(turn.resolve);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await turn.promise;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }
}
