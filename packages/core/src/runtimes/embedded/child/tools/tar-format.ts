import { encoded, textOf } from "./tool.ts";

/** One entry of an archive. */
export interface TarEntry {
  readonly name: string;
  readonly type: "file" | "directory" | "symlink";
  readonly mode: number;
  readonly mtime: Date;
  readonly target: string;
  readonly data: Uint8Array;
}

const blockBytes = 512;
/** GNU's archives are filled to this. */
const recordBytes = 10_240;
const types = { file: "0", symlink: "2", directory: "5" } as const;

function header(
  name: string,
  { type, mode, mtime, target, data }: TarEntry,
  flag: string = types[type],
): Uint8Array {
  const block = new Uint8Array(blockBytes);
  const put = (at: number, text: string): void => block.set(encoded(text), at);
  const octal = (at: number, width: number, value: number): void =>
    put(at, value.toString(8).padStart(width - 1, "0"));
  put(0, textOf(encoded(name).subarray(0, 100)));
  octal(100, 8, mode & 0o7777);
  octal(108, 8, 1_000);
  octal(116, 8, 1_000);
  octal(124, 12, type === "file" || flag === "L" ? data.length : 0);
  octal(136, 12, Math.max(0, Math.floor(mtime.getTime() / 1_000)));
  put(148, "        ");
  put(156, flag);
  put(157, textOf(encoded(target).subarray(0, 100)));
  put(257, "ustar  ");
  put(265, "sandbox");
  put(297, "sandbox");
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

function padded(data: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(data.length / blockBytes) * blockBytes);
  whole.set(data);
  return whole;
}

/** An archive as GNU's `tar` writes it. */
export function writeTar(entries: readonly TarEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    for (const [flag, long] of [
      ["K", entry.target],
      ["L", entry.name],
    ] as const) {
      if (encoded(long).length <= 100) continue;
      const data = encoded(`${long}\0`);
      parts.push(
        header("././@LongLink", { ...entry, type: "file", mode: 0, target: "", data }, flag),
        padded(data),
      );
    }
    parts.push(header(entry.name, entry));
    if (entry.type === "file") parts.push(padded(entry.data));
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0) + 2 * blockBytes;
  const archive = new Uint8Array(Math.ceil(length / recordBytes) * recordBytes);
  let at = 0;
  for (const part of parts) {
    archive.set(part, at);
    at += part.length;
  }
  return archive;
}

/** The entries of an archive; undefined when it is none. Special files are left out. */
export function readTar(archive: Uint8Array): TarEntry[] | undefined {
  const entries: TarEntry[] = [];
  let longName: string | undefined;
  let longTarget: string | undefined;
  for (let at = 0; at + blockBytes <= archive.length;) {
    const block = archive.subarray(at, at + blockBytes);
    if (block.every((byte) => byte === 0)) break;
    const text = (from: number, length: number): string => {
      const field = block.subarray(from, from + length);
      const end = field.indexOf(0);
      return textOf(end < 0 ? field : field.subarray(0, end));
    };
    const octal = (from: number, length: number): number =>
      Number.parseInt(text(from, length).trim() || "0", 8);
    const sum = block.reduce((total, byte, place) => total + (place >= 148 && place < 156 ? 32 : byte), 0);
    if (octal(148, 8) !== sum) return entries.length > 0 ? entries : undefined;
    const size = octal(124, 12);
    const data = archive.slice(at + blockBytes, at + blockBytes + size);
    at += blockBytes + Math.ceil(size / blockBytes) * blockBytes;
    const flag = text(156, 1);
    if (flag === "L") longName = textOf(data).replace(/\0.*$/s, "");
    else if (flag === "K") longTarget = textOf(data).replace(/\0.*$/s, "");
    else if (flag === "x") {
      const records = textOf(data);
      longName = /\d+ path=(.*)\n/.exec(records)?.[1] ?? longName;
      longTarget = /\d+ linkpath=(.*)\n/.exec(records)?.[1] ?? longTarget;
    } else if (flag !== "g") {
      const prefix = text(257, 6).startsWith("ustar") && block[263] === 0x30 ? text(345, 155) : "";
      const short = text(0, 100);
      const name = longName ?? (prefix ? `${prefix}/${short}` : short);
      const type = flag === "5" || name.endsWith("/") ? "directory" : flag === "2" ? "symlink" : "file";
      if (/^[025]?$/.test(flag) || flag === "7") {
        entries.push({
          name,
          type,
          mode: octal(100, 8),
          mtime: new Date(octal(136, 12) * 1_000),
          target: longTarget ?? text(157, 100),
          data: type === "file" ? data : new Uint8Array(),
        });
      }
      longName = longTarget = undefined;
    }
  }
  // What is too short for a block is none.
  return archive.length > 0 && archive.length < blockBytes ? undefined : entries;
}
