import { Duplex } from "node:stream";
import { SandboxError } from "../../../errors.ts";
import { takeReads } from "../../engine/reused-reads.ts";

const headerBytes = 8;
/** Engines cut output into pieces of 32 KiB; a piece as long as this is a broken or hostile header. */
const longestPiece = 16 * 1024 * 1024;
const keptDiagnostics = 4096;

/**
 * The standard streams of a container that was attached to without a terminal: reads its standard output, writes its
 * standard input, keeps the end of its standard error. The engine sends pieces, each behind a header of 8 bytes:
 * stream (1 output, 2 error, 3 the engine's own complaint), three zeros, length (big-endian).
 * Pieces are passed on as they arrive, uncopied: a "data" event's memory is used again after it. A slow reader stops the socket. A broken header, or an end in the
 * middle of a piece, is an error of the stream.
 */
export class AttachedStream extends Duplex {
  readonly #socket: Duplex;
  readonly #header: Buffer = Buffer.alloc(headerBytes);
  #headerFilled = 0;
  #kind = 0;
  #left = 0;
  #complaint = "";
  #diagnostics: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(socket: Duplex) {
    super({ allowHalfOpen: true, readableHighWaterMark: 256 * 1024, writableHighWaterMark: 256 * 1024 });
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#take(chunk, false));
    takeReads(socket, (chunk) => this.#take(chunk, true));
    socket.on("end", () => this.#end());
    socket.on("error", (error) => this.destroy(lost(error)));
    socket.on("close", () => {
      if (!this.#ended) this.destroy(lost());
    });
  }

  /** The end of what the container wrote to its standard error, with control characters made visible. */
  diagnostics(): string {
    const text = this.#diagnostics.toString("utf8");
    return text.replace(/[^\P{C}\n\t]/gu, "\uFFFD");
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #take(chunk: Buffer, isReused: boolean): void {
    let at = 0;
    let full = false;
    while (at < chunk.length) {
      if (this.#left === 0) {
        const count = Math.min(headerBytes - this.#headerFilled, chunk.length - at);
        chunk.copy(this.#header, this.#headerFilled, at, at + count);
        this.#headerFilled += count;
        at += count;
        if (this.#headerFilled < headerBytes) break;
        this.#headerFilled = 0;
        if (!this.#openPiece()) return;
        continue;
      }
      const count = Math.min(this.#left, chunk.length - at);
      const piece = chunk.subarray(at, at + count);
      at += count;
      this.#left -= count;
      if (this.#kind === 1) full = !this.#passOn(piece, isReused) || full;
      else if (this.#kind === 2) this.#keep(piece);
      else this.#complaint = (this.#complaint + piece.toString()).slice(0, 2000);
    }
    if (full) this.#socket.pause();
  }

  /** False when no more should come for now. */
  #passOn(piece: Buffer, isReused: boolean): boolean {
    if (!isReused) return this.push(piece);
    if (!this.readableFlowing || this.readableLength > 0) return this.push(Buffer.from(piece));
    this.emit("data", piece);
    return true;
  }

  /** False when the stream was ended by a broken header. */
  #openPiece(): boolean {
    const header = this.#header;
    const length = header.readUInt32BE(4);
    const kind = header[0]!;
    if (kind < 1 || kind > 3 || header.readUIntBE(1, 3) !== 0 || length > longestPiece) {
      this.destroy(
        new SandboxError("PROTOCOL_ERROR", "The engine sent a broken header on a box's stream.", {
          remedy: "Is something between this program and the engine that changes what they say?",
          details: { header: header.toString("hex") },
        }),
      );
      return false;
    }
    this.#kind = kind;
    this.#left = length;
    return true;
  }

  #keep(piece: Buffer): void {
    const all = Buffer.concat([this.#diagnostics, piece.subarray(-keptDiagnostics)]);
    this.#diagnostics = all.length > keptDiagnostics ? Buffer.from(all.subarray(-keptDiagnostics)) : all;
  }

  #end(): void {
    this.#ended = true;
    if (this.#left > 0 || this.#headerFilled > 0) this.destroy(lost(undefined, "in the middle of a piece"));
    else if (this.#complaint !== "") this.destroy(lost(undefined, `and said: ${this.#complaint.trim()}`));
    else this.push(null);
  }
}

function lost(cause?: Error, more?: string): SandboxError {
  const why = cause ? `: ${cause.message}` : more ? ` ${more}` : "";
  return new SandboxError("BOX_LOST", `The engine cut the stream to the box${why}.`, {
    ...(cause ? { cause } : {}),
    remedy: "Open a new session; the engine's log may say more.",
  });
}
