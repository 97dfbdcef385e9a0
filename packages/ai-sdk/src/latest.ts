/** Hands values from a callback to a loop: the newest one that the loop has not seen, until the end. */
export class Latest<Value> {
  #value: { readonly value: Value } | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  set(value: Value): void {
    this.#value = { value };
    this.#wake?.();
  }

  /** What was not taken yet is dropped. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Value, void, undefined> {
    while (!this.#ended) {
      const next = this.#value;
      this.#value = undefined;
      if (next) yield next.value;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
