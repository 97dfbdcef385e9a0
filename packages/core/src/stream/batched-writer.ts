import type { Writable } from "node:stream";
import { FrameRoom } from "./frame-room.ts";
import { dataFrameBytes, putDataFrame } from "./frame.ts";

/** Data of this many bytes or more are put where their frame goes out from; smaller frames are joined when they go. */
const largeDataBytes = 16_384;

/**
 * Writes frames to a stream, those of the same turn of the event loop in few pieces: each write wakes every program
 * between here and the box. A piece's memory is used again once the stream has called back.
 */
export class BatchedWriter {
  readonly #stream: Writable;
  /** Small frames, or the room that everything goes to from the first large one on. */
  #waiting: Uint8Array[] = [];
  #room: FrameRoom | undefined;
  #isAwaited = false;
  #drain: PromiseWithResolvers<void> | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on("drain", () => this.release());
  }

  /** Undefined when more may be written, else a promise that resolves when it may. */
  write(frame: Uint8Array): Promise<void> | undefined {
    if (!this.#room?.put(frame)) {
      if (this.#room) this.#flush();
      this.#waiting.push(frame);
    }
    return this.#handedOver();
  }

  /** The same for a DATA frame; the data may be overwritten when this returns. */
  writeData(channel: number, stream: number, data: Uint8Array): Promise<void> | undefined {
    const bytes = dataFrameBytes(data);
    if (!this.#room && data.length < largeDataBytes) {
      const frame = Buffer.allocUnsafe(bytes);
      putDataFrame(frame, 0, { channel, stream, data });
      return this.write(frame);
    }
    if (!this.#room || this.#room.left < bytes) {
      this.#flush();
      this.#room = FrameRoom.take();
    }
    this.#room.putData({ channel, stream, data });
    return this.#handedOver();
  }

  /** Lets everybody go on who waits; nothing will be taken any more, or something will again. */
  release(): void {
    this.#drain?.resolve();
    this.#drain = undefined;
  }

  #handedOver(): Promise<void> | undefined {
    if (!this.#isAwaited) {
      this.#isAwaited = true;
      process.nextTick(() => {
        this.#isAwaited = false;
        this.#flush();
      });
    }
    if (!this.#stream.writableNeedDrain) return undefined;
    this.#drain ??= Promise.withResolvers<void>();
    return this.#drain.promise;
  }

  #flush(): void {
    const frames = this.#waiting;
    const room = this.#room;
    this.#waiting = [];
    this.#room = undefined;
    if (this.#stream.destroyed) return room?.giveBack();
    if (frames.length > 0) this.#stream.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames));
    if (room) this.#stream.write(room.content, () => room.giveBack());
  }
}
