import zlib from "node:zlib";
import { encoded, textOf } from "./tool.ts";

/** One entry of a ZIP archive; a folder's name ends with a slash. */
export interface ZipEntry {
  readonly name: string;
  readonly mode: number;
  readonly mtime: Date;
  readonly data: Uint8Array;
}

const crc32 = (data: Uint8Array): number =>
  (zlib as unknown as { crc32(data: Uint8Array): number }).crc32(data);

/** DOS's date and time, of two seconds each. */
function stamp(date: Date): readonly [time: number, day: number] {
  const year = Math.max(1980, date.getUTCFullYear());
  return [
    (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1),
    ((year - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate(),
  ];
}

export function writeZip(entries: readonly ZipEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const { name, mode, mtime, data } of entries) {
    const title = encoded(name);
    const packed = zlib.deflateRawSync(data);
    const isPacked = packed.length < data.length;
    const body = isPacked ? packed : data;
    const [time, day] = stamp(mtime);
    const local = new DataView(new ArrayBuffer(30));
    local.setUint32(0, 0x04034b50, true);
    const common = [
      [20, 2],
      [0x800, 2],
      [isPacked ? 8 : 0, 2],
      [time, 2],
      [day, 2],
      [crc32(data), 4],
      [body.length, 4],
      [data.length, 4],
      [title.length, 2],
      [0, 2],
    ] as const;
    write(local, 4, common);
    const entry = new DataView(new ArrayBuffer(46));
    entry.setUint32(0, 0x02014b50, true);
    entry.setUint16(4, 0x31e, true);
    write(entry, 6, common);
    const isFolder = name.endsWith("/");
    entry.setUint32(38, (((isFolder ? 0o040000 : 0o100000) | mode) << 16) | (isFolder ? 0x10 : 0), true);
    entry.setUint32(42, offset, true);
    parts.push(new Uint8Array(local.buffer), title, body);
    central.push(new Uint8Array(entry.buffer), title);
    offset += 30 + title.length + body.length;
  }
  const size = central.reduce((sum, { length }) => sum + length, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  write(end, 8, [
    [entries.length, 2],
    [entries.length, 2],
    [size, 4],
    [offset, 4],
  ]);
  const all = [...parts, ...central, new Uint8Array(end.buffer)];
  const archive = new Uint8Array(offset + size + 22);
  let at = 0;
  for (const part of all) {
    archive.set(part, at);
    at += part.length;
  }
  return archive;
}

function write(view: DataView, start: number, fields: readonly (readonly [number, number])[]): void {
  let at = start;
  for (const [value, bytes] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
}

/** The entries of an archive; undefined when it is none or is damaged. */
export function readZip(archive: Uint8Array): ZipEntry[] | undefined {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  let end = archive.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end -= 1;
  if (end < 0) return undefined;
  const entries: ZipEntry[] = [];
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left -= 1) {
    if (at + 46 > archive.length || view.getUint32(at, true) !== 0x02014b50) return undefined;
    const [title, extra, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true)) as [
      number,
      number,
      number,
    ];
    const name = textOf(archive.subarray(at + 46, at + 46 + title));
    const local = view.getUint32(at + 42, true);
    const from = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const body = archive.subarray(from, from + view.getUint32(at + 20, true));
    const method = view.getUint16(at + 10, true);
    if (method !== 0 && method !== 8) return undefined;
    const [time, day] = [view.getUint16(at + 12, true), view.getUint16(at + 14, true)];
    entries.push({
      name,
      mode: (view.getUint32(at + 38, true) >>> 16) & 0o7777 || (name.endsWith("/") ? 0o755 : 0o644),
      mtime: new Date(
        Date.UTC(
          1980 + (day >> 9),
          ((day >> 5) & 15) - 1,
          day & 31,
          time >> 11,
          (time >> 5) & 63,
          (time & 31) * 2,
        ),
      ),
      data: method === 8 ? new Uint8Array(zlib.inflateRawSync(body)) : body.slice(),
    });
    at += 46 + title + extra + comment;
  }
  return entries;
}
