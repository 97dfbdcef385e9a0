import { Buffer } from "node:buffer";
import { Readable, Writable } from "node:stream";
import { encodingOf, option, sync } from "./node-files.ts";
import type { Loose, PathLike } from "./node-files.ts";

/** `fs.createReadStream`. */
export function readStream(name: PathLike, options?: Loose): Readable {
  const descriptor = option<number | undefined>(options, "fd", undefined);
  let open = descriptor;
  let position = option(options, "start", 0);
  const end = option(options, "end", Number.POSITIVE_INFINITY);
  const stream = new Readable({
    highWaterMark: option(options, "highWaterMark", 65_536),
    encoding: encodingOf(options) ?? undefined,
    construct(callback) {
      try {
        open ??= sync.openSync(name, option(options, "flags", "r"));
        callback();
        stream.emit("open", open);
        stream.emit("ready");
      } catch (error) {
        callback(error as Error);
      }
    },
    read(size) {
      try {
        const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(size, end - position + 1)));
        const count = buffer.length === 0 ? 0 : sync.readSync(open!, buffer, 0, buffer.length, position);
        position += count;
        this.push(count === 0 ? null : buffer.subarray(0, count));
      } catch (error) {
        this.destroy(error as Error);
      }
    },
    destroy(error, callback) {
      if (open !== undefined && descriptor === undefined) sync.closeSync(open);
      callback(error);
    },
  });
  return Object.assign(stream, { path: name });
}

/** `fs.createWriteStream`. */
export function writeStream(name: PathLike, options?: Loose): Writable {
  let open: number | undefined;
  let bytesWritten = 0;
  const stream = new Writable({
    defaultEncoding: encodingOf(options) ?? "utf8",
    construct(callback) {
      try {
        open = sync.openSync(name, option(options, "flags", "w"), option(options, "mode", 0o666));
        callback();
        stream.emit("open", open);
        stream.emit("ready");
      } catch (error) {
        callback(error as Error);
      }
    },
    write(chunk: Buffer, _encoding, callback) {
      try {
        bytesWritten += sync.writeSync(open!, chunk);
        callback();
      } catch (error) {
        callback(error as Error);
      }
    },
    destroy(error, callback) {
      if (open !== undefined) sync.closeSync(open);
      callback(error);
    },
  });
  Object.defineProperty(stream, "bytesWritten", { get: () => bytesWritten });
  return Object.assign(stream, { path: name });
}
