import { FrameError, FrameType, headerBytes, maxDataBytes, maxPayloadBytes } from "./frame.ts";
import type { Frame } from "./frame.ts";

const knownTypes: ReadonlySet<number> = new Set(Object.values(FrameType));

/**
 * Cuts a byte stream into frames. Lengths are checked before anything is kept, so a hostile peer
 * can make it hold at most one payload. Payloads share memory with the chunks they came in.
 */
export class FrameDecoder {
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  /** Frames that are complete with this chunk. Throws FrameError at the first impossible byte. */
  *push(chunk: Uint8Array): Generator<Frame, void, undefined> {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#pendingBytes > 0) {
        rest = this.#fill(rest);
        const joined = this.#takeComplete();
        if (joined) yield joined;
        continue;
      }
      if (rest.length < headerBytes) {
        this.#keep(rest);
        return;
      }
      const length = checkedLength(rest);
      if (rest.length < headerBytes + length) {
        this.#keep(rest);
        return;
      }
      yield frameOf(rest, length);
      rest = rest.subarray(headerBytes + length);
    }
  }

  /** True between two frames: a stream that ends elsewhere was cut. */
  get atBoundary(): boolean {
    return this.#pendingBytes === 0;
  }

  #keep(bytes: Uint8Array): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
  }

  /** Adds what the pending frame still needs; returns what is left over. */
  #fill(bytes: Uint8Array): Uint8Array {
    if (this.#pendingBytes < headerBytes) {
      const wanted = Math.min(headerBytes - this.#pendingBytes, bytes.length);
      this.#keep(bytes.subarray(0, wanted));
      if (this.#pendingBytes === headerBytes) checkedLength(this.#join());
      return bytes.subarray(wanted);
    }
    const wanted = Math.min(this.#total() - this.#pendingBytes, bytes.length);
    this.#keep(bytes.subarray(0, wanted));
    return bytes.subarray(wanted);
  }

  #takeComplete(): Frame | undefined {
    if (this.#pendingBytes < headerBytes || this.#pendingBytes < this.#total()) return undefined;
    const bytes = this.#join();
    this.#pending = [];
    this.#pendingBytes = 0;
    return frameOf(bytes, bytes.length - headerBytes);
  }

  #total(): number {
    if (this.#pending[0]!.length < headerBytes) this.#join();
    return headerBytes + checkedLength(this.#pending[0]!);
  }

  #join(): Uint8Array {
    if (this.#pending.length > 1) this.#pending = [Buffer.concat(this.#pending)];
    return this.#pending[0]!;
  }
}

function checkedLength(header: Uint8Array): number {
  const length = (header[0]! * 0x1000000 + (header[1]! << 16) + (header[2]! << 8) + header[3]!) >>> 0;
  const type = header[4]!;
  if (!knownTypes.has(type)) throw new FrameError(`Frame type ${type} does not exist.`);
  const most = type === FrameType.data ? maxDataBytes + 1 : maxPayloadBytes;
  if (length > most) throw new FrameError(`A frame of ${length} bytes is over ${most}.`);
  return length;
}

function frameOf(bytes: Uint8Array, length: number): Frame {
  const channel = ((bytes[5]! << 24) | (bytes[6]! << 16) | (bytes[7]! << 8) | bytes[8]!) >>> 0;
  return { type: bytes[4]!, channel, payload: bytes.subarray(headerBytes, headerBytes + length) };
}
