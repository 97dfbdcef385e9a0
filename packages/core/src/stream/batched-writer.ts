import type { Writable } from "node:stream";

/** Frames of this many bytes or more go out at once. */
const largeFrameBytes = 16_384;

/**
 * Writes frames to a stream, small ones of the same turn of the event loop in one piece: each write wakes every
 * program between here and the box.
 */
export class BatchedWriter {
  readonly #stream: Writable;
  #waiting: Uint8Array[] = [];
  #drain: PromiseWithResolvers<void> | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on("drain", () => this.release());
  }

  /** Undefined when more may be written, else a promise that resolves when it may. */
  write(frame: Uint8Array): Promise<void> | undefined {
    this.#waiting.push(frame);
    if (frame.length >= largeFrameBytes) this.#flush();
    else if (this.#waiting.length === 1) process.nextTick(() => this.#flush());
    if (!this.#stream.writableNeedDrain) return undefined;
    this.#drain ??= Promise.withResolvers<void>();
    return this.#drain.promise;
  }

  /** Lets everybody go on who waits; nothing will be taken any more, or something will again. */
  release(): void {
    this.#drain?.resolve();
    this.#drain = undefined;
  }

  #flush(): void {
    const frames = this.#waiting;
    if (frames.length === 0 || this.#stream.destroyed) return;
    this.#waiting = [];
    const last = frames.at(-1)!;
    if (last.length < largeFrameBytes) this.#stream.write(Buffer.concat(frames));
    else {
      if (frames.length > 1) this.#stream.write(Buffer.concat(frames.slice(0, -1)));
      this.#stream.write(last);
    }
  }
}
