/** What a process reads, in pieces of the size it asks for. */
export class InputBuffer {
  readonly #source: AsyncIterator<Uint8Array> | undefined;
  #rest: Uint8Array = new Uint8Array();
  #next: Promise<IteratorResult<Uint8Array>> | undefined;
  #ended = false;
  #waiting = 0;

  constructor(source: AsyncIterable<Uint8Array> | undefined) {
    this.#source = source?.[Symbol.asyncIterator]();
    if (!source) this.#ended = true;
  }

  /** Whether somebody waits for more. */
  get waiting(): boolean {
    return this.#waiting > 0;
  }

  /** At most so many bytes, waiting for the first; none at the end; null when none came within the time. */
  async take(most: number, waitMs?: number): Promise<Uint8Array | null> {
    while (this.#rest.length === 0) {
      if (this.#ended) return new Uint8Array();
      this.#next ??= this.#source!.next();
      this.#waiting += 1;
      const next = await (waitMs === undefined ? this.#next : within(waitMs, this.#next));
      this.#waiting -= 1;
      if (next === null) return null;
      this.#next = undefined;
      if (next.done) this.#ended = true;
      else this.#rest = next.value;
    }
    const taken = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }
}

async function within<Value>(ms: number, work: Promise<Value>): Promise<Value | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
