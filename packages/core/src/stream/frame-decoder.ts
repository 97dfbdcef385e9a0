import { FrameError, FrameType, headerBytes, maxDataBytes, maxPayloadBytes } from "./frame.ts";
import type { Frame } from "./frame.ts";

const knownTypes: ReadonlySet<number> = new Set(Object.values(FrameType));

/**
 * Cuts a byte stream into frames. Lengths are checked before anything is kept, so a hostile peer can make it hold at
 * most one payload. The data of a DATA frame are handed on as they come, as several frames if they come in pieces:
 * nothing of them is held or copied. Payloads share memory with the chunks they came in, of which nothing is kept.
 */
export class FrameDecoder {
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Bytes that the pending frame takes, once its header is there. */
  #goal = 0;
  /** The DATA frame under way, and how much of it is still to come. */
  #data = { channel: 0, stream: 0, left: 0 };

  /** Frames that are complete with this chunk. Throws FrameError at the first impossible byte. */
  *push(chunk: Uint8Array): Generator<Frame, void, undefined> {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#data.left > 0) {
        const piece = rest.subarray(0, this.#data.left);
        rest = rest.subarray(piece.length);
        this.#data.left -= piece.length;
        yield {
          type: FrameType.data,
          channel: this.#data.channel,
          stream: this.#data.stream,
          payload: piece,
        };
        continue;
      }
      if (this.#pendingBytes > 0) {
        rest = this.#fill(rest);
        const joined = this.#takeComplete();
        if (joined) yield joined;
        continue;
      }
      if (rest.length < headerBytes) return this.#keep(rest);
      const wanted = bytesToTake(rest);
      if (rest.length < wanted) {
        this.#goal = wanted;
        return this.#keep(rest);
      }
      const taken = rest.subarray(0, wanted);
      rest = rest.subarray(wanted);
      const frame = this.#frameOf(taken);
      if (frame) yield frame;
    }
  }

  /** True between two frames: a stream that ends elsewhere was cut. */
  get atBoundary(): boolean {
    return this.#pendingBytes === 0 && this.#data.left === 0;
  }

  #keep(bytes: Uint8Array): void {
    this.#pending.push(new Uint8Array(bytes));
    this.#pendingBytes += bytes.length;
  }

  /** Adds what the pending frame still needs; returns what is left over. */
  #fill(bytes: Uint8Array): Uint8Array {
    const wanted = Math.min((this.#goal || headerBytes) - this.#pendingBytes, bytes.length);
    this.#keep(bytes.subarray(0, wanted));
    if (this.#goal === 0 && this.#pendingBytes >= headerBytes) this.#goal = bytesToTake(this.#join());
    return bytes.subarray(wanted);
  }

  #takeComplete(): Frame | undefined {
    if (this.#goal === 0 || this.#pendingBytes < this.#goal) return undefined;
    const bytes = this.#join();
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#goal = 0;
    return this.#frameOf(bytes);
  }

  /** A frame whose bytes are all there; of a DATA frame its head, after which its data are on their way. */
  #frameOf(bytes: Uint8Array): Frame | undefined {
    const type = bytes[4]!;
    const channel = ((bytes[5]! << 24) | (bytes[6]! << 16) | (bytes[7]! << 8) | bytes[8]!) >>> 0;
    if (type === FrameType.data) {
      this.#data = { channel, stream: bytes[headerBytes]!, left: lengthIn(bytes) - 1 };
      return undefined;
    }
    return { type, channel, stream: 0, payload: bytes.subarray(headerBytes) };
  }

  #join(): Uint8Array {
    if (this.#pending.length > 1) this.#pending = [Buffer.concat(this.#pending)];
    return this.#pending[0]!;
  }
}

/** Bytes to have before a frame can be handed on: all of it, or the head of a DATA frame. Checks the header. */
function bytesToTake(header: Uint8Array): number {
  const length = lengthIn(header);
  const type = header[4]!;
  if (!knownTypes.has(type)) throw new FrameError(`Frame type ${type} does not exist.`);
  const most = type === FrameType.data ? maxDataBytes + 1 : maxPayloadBytes;
  if (length > most) throw new FrameError(`A frame of ${length} bytes is over ${most}.`);
  if (type !== FrameType.data) return headerBytes + length;
  if (length < 2) throw new FrameError("A DATA frame holds no data.");
  return headerBytes + 1;
}

function lengthIn(header: Uint8Array): number {
  return ((header[0]! << 24) | (header[1]! << 16) | (header[2]! << 8) | header[3]!) >>> 0;
}
