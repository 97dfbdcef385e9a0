import { Buffer } from "node:buffer";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ask, nodeError, rememberSpelling } from "./node-errors.ts";
import { flagsOf } from "./node-flags.ts";
import { Dirent, Stats, constants } from "./node-status.ts";
import type { Status } from "./node-status.ts";
import { call, sendData } from "./wire.ts";

export type PathLike = string | URL | Uint8Array;
type Options = Readonly<Record<string, unknown>>;
export type Loose = string | Options | null | undefined;

/** Below are the standard streams and the kernel's own. */
const firstDescriptor = 10;
const pieceBytes = 1_048_576;

/** Where relative paths start. */
export const folder: { current: string } = { current: "/workspace" };
/** Whether a run of a context is under way: its kernel has read a job and not said yet that it is done. */
export const run: { underWay: boolean } = { underWay: false };
const positions = new Map<number, number>();
const doneMessage = '{"type":"done"';

/** Read by programs that ask for input without waiting for events. */
export function readInput(stream: 0 | 3, most: number, waitMs?: number): Uint8Array | "pending" {
  const { value, data } = call({ op: "input", stream, most, ...(waitMs === undefined ? {} : { waitMs }) });
  return value["pending"] === true ? "pending" : data;
}

export function absolute(name: unknown): string {
  if (name instanceof URL) return fileURLToPath(name);
  const text = name instanceof Uint8Array ? Buffer.from(name).toString() : name;
  if (typeof text !== "string") {
    throw Object.assign(
      new TypeError(
        `The "path" argument must be of type string or an instance of Buffer or URL. Received ${text === null ? "null" : typeof text}`,
      ),
      { code: "ERR_INVALID_ARG_TYPE" },
    );
  }
  return rememberSpelling(path.resolve(folder.current, text), text);
}

export function option<Value>(options: Loose, name: string, otherwise: Value): Value {
  if (typeof options !== "object" || options === null) return otherwise;
  return (options[name] as Value | undefined) ?? otherwise;
}

export function encodingOf(options: Loose): BufferEncoding | null {
  const encoding = typeof options === "string" ? options : option<string | null>(options, "encoding", null);
  return encoding === "buffer" ? null : (encoding as BufferEncoding | null);
}

function bytesOf(data: unknown, options: Loose): Uint8Array {
  if (typeof data === "string") return Buffer.from(data, encodingOf(options) ?? "utf8");
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw Object.assign(
    new TypeError(
      `The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received ${data === null ? "null" : `type ${typeof data}`}`,
    ),
    { code: "ERR_INVALID_ARG_TYPE" },
  );
}

function status(syscall: string, name: PathLike, follow: boolean): Status {
  return ask(syscall, { op: "stat", path: absolute(name), follow }).value as unknown as Status;
}

/** Node's synchronous functions on files: what the other forms are made of. */
export const sync = {
  openSync(name: PathLike, flags: unknown = "r", mode = 0o666): number {
    const request = { op: "open", path: absolute(name), flags: flagsOf(flags), mode: mode & 0o755 };
    return firstDescriptor + (ask("open", request).value["handle"] as number);
  },

  closeSync(descriptor: number): void {
    if (descriptor < firstDescriptor) return;
    positions.delete(descriptor);
    ask("close", { op: "close", handle: descriptor - firstDescriptor });
  },

  readSync(descriptor: number, buffer: Uint8Array, ...rest: unknown[]): number {
    const given = typeof rest[0] === "object" && rest[0] !== null ? (rest[0] as Options) : undefined;
    const offset = Number(given ? (given["offset"] ?? 0) : (rest[0] ?? 0));
    const length = Number((given ? given["length"] : rest[1]) ?? buffer.byteLength - offset);
    const wanted = (given ? given["position"] : rest[2]) as number | bigint | null | undefined;
    const target = new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length);
    if (descriptor === 0 || descriptor === 3) {
      const data = readInput(descriptor, length) as Uint8Array;
      target.set(data);
      if (descriptor === 3) run.underWay = true;
      return data.length;
    }
    const position =
      wanted === null || wanted === undefined ? (positions.get(descriptor) ?? 0) : Number(wanted);
    const request = { op: "read", handle: descriptor - firstDescriptor, position, length };
    const { data } = ask("read", request);
    target.set(data);
    if (wanted === null || wanted === undefined) positions.set(descriptor, position + data.length);
    return data.length;
  },

  writeSync(descriptor: number, data: unknown, ...rest: unknown[]): number {
    const isText = typeof data === "string";
    const whole = bytesOf(data, isText && typeof rest[1] === "string" ? rest[1] : null);
    const given =
      !isText && typeof rest[0] === "object" && rest[0] !== null ? (rest[0] as Options) : undefined;
    const offset = isText ? 0 : Number(given ? (given["offset"] ?? 0) : (rest[0] ?? 0));
    const length = isText
      ? whole.length
      : Number((given ? given["length"] : rest[1]) ?? whole.length - offset);
    const wanted = (isText ? rest[0] : given ? given["position"] : rest[2]) as number | null | undefined;
    const bytes = whole.subarray(offset, offset + length);
    if (descriptor === 1 || descriptor === 2 || descriptor === 3) {
      sendData(descriptor, bytes);
      if (descriptor === 3 && Buffer.from(bytes.subarray(0, doneMessage.length)).toString() === doneMessage) {
        run.underWay = false;
      }
      return bytes.length;
    }
    let position = typeof wanted === "number" ? wanted : (positions.get(descriptor) ?? 0);
    for (let start = 0; start < bytes.length; start += pieceBytes) {
      const request = { op: "write", handle: descriptor - firstDescriptor, position };
      const piece = bytes.subarray(start, start + pieceBytes);
      position = ask("write", request, piece).value["position"] as number;
    }
    if (typeof wanted !== "number") positions.set(descriptor, position);
    return bytes.length;
  },

  readFileSync(name: PathLike | number, options?: Loose): string | Buffer {
    const pieces: Buffer[] = [];
    const descriptor = typeof name === "number" ? name : openToRead(name, option(options, "flag", "r"));
    try {
      for (;;) {
        const piece = Buffer.allocUnsafe(pieceBytes);
        const count = sync.readSync(descriptor, piece);
        if (count === 0) break;
        pieces.push(piece.subarray(0, count));
        if (descriptor >= firstDescriptor && count < pieceBytes) break;
      }
    } finally {
      if (typeof name !== "number") sync.closeSync(descriptor);
    }
    const content = Buffer.concat(pieces);
    const encoding = encodingOf(options);
    return encoding ? content.toString(encoding) : content;
  },

  writeFileSync(name: PathLike | number, data: unknown, options?: Loose): void {
    const bytes = bytesOf(data, options);
    const mode = option(options, "mode", 0o666);
    const descriptor =
      typeof name === "number" ? name : sync.openSync(name, option(options, "flag", "w"), mode);
    try {
      sync.writeSync(descriptor, bytes);
    } finally {
      if (typeof name !== "number") sync.closeSync(descriptor);
    }
  },

  appendFileSync(name: PathLike | number, data: unknown, options?: Loose): void {
    const base = typeof options === "string" ? { encoding: options } : (options ?? {});
    sync.writeFileSync(name, data, { flag: "a", ...base });
  },

  existsSync(name: PathLike): boolean {
    try {
      status("stat", name, true);
      return true;
    } catch {
      return false;
    }
  },

  accessSync(name: PathLike): void {
    status("access", name, true);
  },

  statSync(name: PathLike, options?: Loose): Stats | undefined {
    try {
      return new Stats(status("stat", name, true));
    } catch (error) {
      return missing(error, options);
    }
  },

  lstatSync(name: PathLike, options?: Loose): Stats | undefined {
    try {
      return new Stats(status("lstat", name, false));
    } catch (error) {
      return missing(error, options);
    }
  },

  fstatSync(descriptor: number): Stats {
    if (descriptor < firstDescriptor) {
      return new Stats({ type: "file", size: 0, mode: 0o666, mtimeMs: 0, inode: 0 });
    }
    const { value } = ask("fstat", { op: "fstat", handle: descriptor - firstDescriptor });
    return new Stats(value as unknown as Status);
  },

  readdirSync(name: PathLike, options?: Loose): (string | Buffer | Dirent)[] {
    const root = absolute(name);
    const typed = option(options, "withFileTypes", false);
    const recursive = option(options, "recursive", false);
    const found: (string | Dirent)[] = [];
    const walk = (place: string): void => {
      const entries = ask("scandir", { op: "list", path: place }).value["entries"] as {
        name: string;
        type: Status["type"];
      }[];
      for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
        const full = path.join(place, entry.name);
        found.push(
          typed
            ? new Dirent(entry.name, path.join(String(name), path.relative(root, place)), entry.type)
            : path.relative(root, full),
        );
        if (recursive && entry.type === "directory") walk(full);
      }
    };
    walk(root);
    return encodingOf(options) === null && option(options, "encoding", null) === "buffer"
      ? found.map((entry) => (typeof entry === "string" ? Buffer.from(entry) : entry))
      : found;
  },

  mkdirSync(name: PathLike, options?: Loose | number): string | undefined {
    const target = absolute(name);
    const mode = typeof options === "number" ? options : option(options, "mode", 0o777);
    if (typeof options === "number" || !option(options, "recursive", false)) {
      ask("mkdir", { op: "mkdir", path: target, mode: Number(mode) & 0o755 });
      return undefined;
    }
    let first: string | undefined;
    const parts = target.split("/").filter(Boolean);
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const place = `/${parts.slice(0, depth).join("/")}`;
      const there = sync.statSync(place, { throwIfNoEntry: false });
      if (there?.isDirectory()) continue;
      if (there) throw nodeError(depth === parts.length ? "EEXIST" : "ENOTDIR", "mkdir", target);
      ask("mkdir", { op: "mkdir", path: place, mode: Number(mode) & 0o755 });
      first ??= place;
    }
    return first;
  },

  mkdtempSync(prefix: string): string {
    const name = `${prefix}${Math.random().toString(36).slice(2, 8).padEnd(6, "x")}`;
    sync.mkdirSync(name, 0o700);
    return name;
  },

  unlinkSync: (name: PathLike): void => void ask("unlink", { op: "unlink", path: absolute(name) }),

  rmdirSync(name: PathLike, options?: Loose): void {
    if (option(options, "recursive", false)) sync.rmSync(name, { recursive: true });
    else ask("rmdir", { op: "rmdir", path: absolute(name) });
  },

  rmSync(name: PathLike, options?: Loose): void {
    const target = absolute(name);
    const there = sync.lstatSync(target, { throwIfNoEntry: false });
    if (!there) {
      if (option(options, "force", false)) return;
      throw nodeError("ENOENT", "lstat", target);
    }
    if (!there.isDirectory()) return sync.unlinkSync(target);
    if (!option(options, "recursive", false)) {
      throw Object.assign(
        new Error(`Path is a directory: rm returned EISDIR (is a directory) ${String(name)}`),
        {
          code: "ERR_FS_EISDIR",
        },
      );
    }
    for (const entry of sync.readdirSync(target)) {
      sync.rmSync(path.join(target, String(entry)), { recursive: true });
    }
    ask("rmdir", { op: "rmdir", path: target });
  },

  renameSync(from: PathLike, to: PathLike): void {
    ask("rename", { op: "rename", from: absolute(from), to: absolute(to) });
  },

  copyFileSync(from: PathLike, to: PathLike, mode = 0): void {
    if (sync.statSync(from)!.isDirectory())
      throw nodeError("EISDIR", "copyfile", absolute(from), absolute(to));
    const flag = mode & constants.COPYFILE_EXCL ? "wx" : "w";
    sync.writeFileSync(to, sync.readFileSync(from), { flag });
  },

  symlinkSync(target: PathLike, name: PathLike): void {
    ask("symlink", { op: "symlink", target: String(target), path: absolute(name) });
  },

  linkSync(from: PathLike, to: PathLike): void {
    throw nodeError("EPERM", "link", absolute(from), absolute(to));
  },

  readlinkSync: (name: PathLike): string =>
    ask("readlink", { op: "readlink", path: absolute(name) }).value["target"] as string,

  realpathSync: (name: PathLike): string =>
    ask("realpath", { op: "realpath", path: absolute(name) }).value["path"] as string,

  chmodSync(name: PathLike, mode: number | string): void {
    const wanted = typeof mode === "string" ? Number.parseInt(mode, 8) : mode;
    ask("chmod", { op: "chmod", path: absolute(name), mode: wanted });
  },

  chownSync(name: PathLike): void {
    status("chown", name, true);
  },

  utimesSync(name: PathLike, _atime: unknown, mtime: unknown): void {
    const mtimeMs = mtime instanceof Date ? mtime.getTime() : Number(mtime) * 1_000;
    ask("utime", { op: "utime", path: absolute(name), mtimeMs });
  },

  truncateSync(name: PathLike, size = 0): void {
    const descriptor = sync.openSync(name, "r+");
    try {
      sync.ftruncateSync(descriptor, size);
    } finally {
      sync.closeSync(descriptor);
    }
  },

  ftruncateSync(descriptor: number, size = 0): void {
    ask("ftruncate", { op: "resize", handle: descriptor - firstDescriptor, size });
  },

  fsyncSync(): void {},
  fdatasyncSync(): void {},
  fchmodSync(): void {},
  futimesSync(): void {},

  readvSync(descriptor: number, buffers: readonly Uint8Array[]): number {
    let total = 0;
    for (const buffer of buffers) {
      const count = sync.readSync(descriptor, buffer);
      total += count;
      if (count < buffer.byteLength) break;
    }
    return total;
  },

  writevSync(descriptor: number, buffers: readonly Uint8Array[]): number {
    return buffers.reduce((sum, buffer) => sum + sync.writeSync(descriptor, buffer), 0);
  },
};

/** A folder can be opened in Node, and not be read. */
function openToRead(name: PathLike, flag: unknown): number {
  try {
    return sync.openSync(name, flag);
  } catch (error) {
    if ((error as { code?: string }).code !== "EISDIR") throw error;
    throw nodeError("EISDIR", "read");
  }
}

function missing(error: unknown, options: Loose): undefined {
  const { code } = error as { code?: string };
  if (option(options, "throwIfNoEntry", true) || code !== "ENOENT") throw error;
  return undefined;
}
