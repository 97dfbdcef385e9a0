import { Duplex } from "node:stream";
import type { Readable, Writable } from "node:stream";

/** A stream that ends without a word is held open for so long at most, so that the end's reason is known before it. */
const reasonMs = 1_000;

/**
 * A process's standard output and input as one stream. Chunks are passed on uncopied; a slow reader stops the process.
 * The end of the output is passed on once `explained` has settled: whoever reads then knows why.
 */
export class ProcessStream extends Duplex {
  readonly #output: Readable;
  readonly #input: Writable;

  constructor(input: Writable, output: Readable, explained: Promise<unknown>) {
    super({ allowHalfOpen: true, readableHighWaterMark: 256 * 1024, writableHighWaterMark: 256 * 1024 });
    this.#input = input;
    this.#output = output;
    output.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) output.pause();
    });
    output.on("end", () => {
      const late = setTimeout(() => this.push(null), reasonMs);
      void explained.then(() => {
        clearTimeout(late);
        // In the turn after those who wait for the reason themselves.
        setImmediate(() => this.push(null));
      });
    });
    // The box has closed its end; its output says what there is to know.
    input.on("error", () => {});
    output.on("error", (error) => this.destroy(error));
  }

  override _read(): void {
    this.#output.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#input.write(chunk, encoding, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#input.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#input.destroy();
    this.#output.destroy();
    done(error);
  }
}
