import { dataFrameBytes, maxDataBytes, headerBytes, putDataFrame } from "./frame.ts";
import type { DataFrame } from "./frame.ts";

/** Four of the largest DATA frames. */
const roomBytes = 4 * (headerBytes + 1 + maxDataBytes);
/** Rooms that wait to be taken again, whatever the number of connections: 2 MiB. */
const mostSpare = 8;

const spare: Buffer[] = [];

/**
 * Memory that frames are written into and sent from. It is used again: an upload that took new memory for each frame
 * would have the garbage collector go through the whole heap every few dozen megabytes.
 */
export class FrameRoom {
  readonly #memory: Buffer;
  #used = 0;

  private constructor(memory: Buffer) {
    this.#memory = memory;
  }

  static take(): FrameRoom {
    return new FrameRoom(spare.pop() ?? Buffer.allocUnsafeSlow(roomBytes));
  }

  /** Bytes that still fit. */
  get left(): number {
    return roomBytes - this.#used;
  }

  get content(): Buffer {
    return this.#memory.subarray(0, this.#used);
  }

  /** Copies a whole frame; false when it does not fit. */
  put(frame: Uint8Array): boolean {
    if (frame.length > this.left) return false;
    this.#memory.set(frame, this.#used);
    this.#used += frame.length;
    return true;
  }

  /** Copies data behind the header of their frame, which must fit. */
  putData(frame: DataFrame): void {
    putDataFrame(this.#memory, this.#used, frame);
    this.#used += dataFrameBytes(frame.data);
  }

  /** Call once nobody reads the content any more. */
  giveBack(): void {
    if (spare.length < mostSpare) spare.push(this.#memory);
  }
}
