/** Lets so many pieces of work run at once, in the order they asked; one that asks to be alone gets all lanes. */
export class Lanes {
  readonly #count: number;
  #free: number;
  readonly #waiting: { readonly need: number; start(): void }[] = [];

  constructor(count: number) {
    this.#count = count;
    this.#free = count;
  }

  async run<Value>(alone: boolean, work: () => Promise<Value>): Promise<Value> {
    const need = alone ? this.#count : 1;
    await new Promise<void>((start) => {
      this.#waiting.push({ need, start });
      this.#admit();
    });
    try {
      return await work();
    } finally {
      this.#free += need;
      this.#admit();
    }
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && next.need <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= next.need;
      next.start();
    }
  }
}
