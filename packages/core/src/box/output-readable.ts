import { Readable } from "node:stream";

/** A Readable whose source waits, by its credit, until what it gave was taken. */
export class OutputReadable extends Readable {
  #taken: (() => void) | undefined;
  #finished = false;

  constructor(highWaterMark = 65_536) {
    super({ highWaterMark });
    // A caller who reads only one of the streams must not be ended by an error on the other.
    this.on("error", () => {});
  }

  /** Data that may be overwritten afterwards; the promise says when more may come. */
  accept(data: Uint8Array): Promise<void> | undefined {
    if (this.destroyed || this.#finished || this.push(Buffer.from(data))) return undefined;
    return new Promise((resolve) => {
      this.#taken = resolve;
    });
  }

  finish(): void {
    if (this.#finished || this.destroyed) return;
    this.#finished = true;
    this.push(null);
  }

  override _read(): void {
    this.#taken?.();
    this.#taken = undefined;
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#taken?.();
    this.#taken = undefined;
    callback(error);
  }
}
