import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

/** What a disk may lag behind is twice this; pieces are written together. */
const blockBytes = 1_048_576;

/**
 * A new host file that is filled piece by piece, through memory that is used again. The first failure is told once,
 * and what comes after it is dropped.
 */
export class FileSink {
  readonly #file: FileHandle;
  readonly #onFailure: (error: unknown) => void;
  #filling: Buffer = Buffer.allocUnsafeSlow(blockBytes);
  #spare: Buffer = Buffer.allocUnsafeSlow(blockBytes);
  #used = 0;
  #writing: Promise<void> | undefined;
  #failed = false;

  private constructor(file: FileHandle, onFailure: (error: unknown) => void) {
    this.#file = file;
    this.#onFailure = onFailure;
  }

  /** Rejects when there is something of that name. */
  static async create(path: string, onFailure: (error: unknown) => void): Promise<FileSink> {
    return new FileSink(await open(path, "wx", 0o644), onFailure);
  }

  /** Takes a piece, which may be overwritten afterwards; a promise says when more may come. */
  take(piece: Uint8Array): Promise<void> | undefined {
    const fits = Math.min(piece.length, blockBytes - this.#used);
    this.#filling.set(piece.subarray(0, fits), this.#used);
    this.#used += fits;
    if (this.#used < blockBytes) return undefined;
    if (!this.#writing) {
      this.#write();
      return fits < piece.length ? this.take(piece.subarray(fits)) : undefined;
    }
    const rest = new Uint8Array(piece.subarray(fits));
    return this.#writing.then(() => {
      this.#write();
      return this.take(rest);
    });
  }

  /** Writes what is left. Resolves when everything is in the file, or the failure has been told. */
  async end(): Promise<void> {
    await this.#writing;
    this.#write();
    await this.#writing;
  }

  /** Lets the file go; call it in any case. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  #write(): void {
    const block = this.#filling.subarray(0, this.#used);
    [this.#filling, this.#spare] = [this.#spare, this.#filling];
    this.#used = 0;
    if (this.#failed || block.length === 0) return;
    this.#writing = this.#file.writeFile(block).then(
      () => {
        this.#writing = undefined;
      },
      (error: unknown) => {
        this.#writing = undefined;
        this.#failed = true;
        this.#onFailure(error);
      },
    );
  }
}
