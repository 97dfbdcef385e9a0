/** Pieces smaller than this are put together, so that a flood of tiny ones costs little more than its bytes. */
const smallBytes = 4_096;
const blockBytes = 16_384;

/** Bytes that come in pieces of any size and are wanted whole. */
export class CollectedBytes {
  /** How many there are. */
  length = 0;
  #pieces: Uint8Array[] = [];
  #block: Buffer | undefined;
  #used = 0;

  /** The piece may be overwritten afterwards. */
  push(piece: Uint8Array): void {
    this.length += piece.length;
    if (piece.length >= smallBytes) {
      this.#flush();
      this.#pieces.push(new Uint8Array(piece));
      return;
    }
    if (this.#used + piece.length > blockBytes) this.#flush();
    this.#block ??= Buffer.allocUnsafeSlow(blockBytes);
    this.#block.set(piece, this.#used);
    this.#used += piece.length;
  }

  /** All of them; nothing is kept. */
  take(): Buffer {
    this.#flush();
    const all = Buffer.concat(this.#pieces, this.length);
    this.clear();
    return all;
  }

  /** Forgets them. */
  clear(): void {
    this.#pieces = [];
    this.#used = 0;
    this.length = 0;
  }

  #flush(): void {
    if (this.#used > 0) this.#pieces.push(new Uint8Array(this.#block!.subarray(0, this.#used)));
    this.#used = 0;
  }
}
