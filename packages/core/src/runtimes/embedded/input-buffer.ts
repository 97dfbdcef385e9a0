/** What a process reads, in pieces of the size it asks for. */
export class InputBuffer {
  readonly #source: AsyncIterator<Uint8Array> | undefined;
  #rest: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterable<Uint8Array> | undefined) {
    this.#source = source?.[Symbol.asyncIterator]();
  }

  /** At most so many bytes, waiting for the first; none at the end. */
  async take(most: number): Promise<Uint8Array> {
    while (this.#rest.length === 0) {
      const next = await this.#source?.next();
      if (!next || next.done) return new Uint8Array();
      this.#rest = next.value;
    }
    const taken = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }
}
