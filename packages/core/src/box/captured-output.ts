import type { Truncation } from "../execution.ts";

/**
 * Keeps the first and the last bytes of an output and counts them all, in memory of at most `mostBytes`.
 * A character that the cut would split is left out whole.
 */
export class CapturedOutput {
  readonly #headMost: number;
  readonly #tailMost: number;
  #head: Buffer = Buffer.alloc(0);
  #headBytes = 0;
  /** A ring: the oldest kept byte is at `#tailStart`. */
  #tail: Buffer = Buffer.alloc(0);
  #tailStart = 0;
  #tailBytes = 0;
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#headMost = Math.ceil(mostBytes / 2);
    this.#tailMost = mostBytes - this.#headMost;
  }

  push(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    const rest = chunk.subarray(this.#pushHead(chunk));
    if (rest.length > 0) this.#pushTail(rest);
  }

  /** The text, with a line between head and tail that says how much is missing. */
  get text(): string {
    const tail = this.#orderedTail();
    const head = this.#head.subarray(0, this.#headBytes);
    const omitted = this.#bytes - head.length - tail.length;
    if (omitted === 0) return Buffer.concat([head, tail]).toString("utf8");
    const start = head.subarray(0, wholeCharacters(head)).toString("utf8");
    const end = tail.subarray(continuationBytes(tail)).toString("utf8");
    return `${start}\n[${this.truncation.omittedBytes} bytes omitted]\n${end}`;
  }

  get truncation(): Truncation {
    const tail = this.#orderedTail();
    const head = this.#head.subarray(0, this.#headBytes);
    const omitted = this.#bytes - head.length - tail.length;
    if (omitted === 0) return { bytes: this.#bytes, omittedBytes: 0 };
    const kept = wholeCharacters(head) + tail.length - continuationBytes(tail);
    return { bytes: this.#bytes, omittedBytes: this.#bytes - kept };
  }

  #pushHead(chunk: Uint8Array): number {
    const size = Math.min(chunk.length, this.#headMost - this.#headBytes);
    if (size <= 0) return 0;
    this.#head = withRoom(this.#head, this.#headBytes, this.#headBytes + size, this.#headMost);
    this.#head.set(chunk.subarray(0, size), this.#headBytes);
    this.#headBytes += size;
    return size;
  }

  #pushTail(chunk: Uint8Array): void {
    const most = this.#tailMost;
    const fresh = chunk.length > most ? chunk.subarray(chunk.length - most) : chunk;
    if (this.#tailBytes + fresh.length <= most) {
      // Not yet a ring: it grows as it fills.
      this.#tail = withRoom(this.#tail, this.#tailBytes, this.#tailBytes + fresh.length, most);
      this.#tail.set(fresh, this.#tailBytes);
      this.#tailBytes += fresh.length;
      return;
    }
    this.#fillRing(fresh, most);
  }

  #fillRing(fresh: Uint8Array, most: number): void {
    this.#tail = withRoom(this.#tail, this.#tailBytes, most, most);
    const end = (this.#tailStart + this.#tailBytes) % most;
    const first = Math.min(fresh.length, most - end);
    this.#tail.set(fresh.subarray(0, first), end);
    this.#tail.set(fresh.subarray(first), 0);
    this.#tailStart = (end + fresh.length) % most;
    this.#tailBytes = most;
  }

  #orderedTail(): Buffer {
    const from = this.#tailStart;
    if (from === 0) return this.#tail.subarray(0, this.#tailBytes);
    return Buffer.concat([this.#tail.subarray(from, this.#tailBytes), this.#tail.subarray(0, from)]);
  }
}

/** The buffer, grown by doubling so that it holds `needed` bytes, with its first `used` bytes kept. */
function withRoom(buffer: Buffer, used: number, needed: number, most: number): Buffer {
  if (buffer.length >= needed) return buffer;
  const grown = Buffer.allocUnsafe(Math.min(most, Math.max(needed, buffer.length * 2, 1_024)));
  buffer.copy(grown, 0, 0, used);
  return grown;
}

/** Bytes from the start that hold no character cut at the end. */
function wholeCharacters(bytes: Uint8Array): number {
  let start = bytes.length - 1;
  while (start >= 0 && bytes.length - start < 4 && (bytes[start]! & 0xc0) === 0x80) start -= 1;
  if (start < 0) return bytes.length;
  const lead = bytes[start]!;
  const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return start + size > bytes.length ? start : bytes.length;
}

/** Bytes at the start that belong to a character before it; at most three. */
function continuationBytes(bytes: Uint8Array): number {
  let count = 0;
  while (count < 3 && count < bytes.length && (bytes[count]! & 0xc0) === 0x80) count += 1;
  return count;
}
