import type { Entry, Status } from "./wasi-descriptors.ts";

const encoder = new TextEncoder();
const { floor } = Math;

/** Of a `filestat` of WASI. */
export const statusBytes = 64;

/** Writes what is known of a file as WASI's `filestat`, of 64 bytes. */
export function writeStatus(
  { filetype, size, inode, mtimeMs }: Status,
  target: Uint8Array<ArrayBuffer>,
): void {
  target.fill(0);
  const record = new DataView(target.buffer, target.byteOffset, statusBytes);
  record.setBigUint64(0, 1n, true);
  record.setBigUint64(8, BigInt(inode), true);
  record.setUint8(16, filetype);
  record.setBigUint64(24, 1n, true);
  record.setBigUint64(32, BigInt(size), true);
  const time = BigInt(floor(Math.max(0, mtimeMs) * 1_000)) * 1_000n;
  for (const offset of [40, 48, 56]) record.setBigUint64(offset, time, true);
}

/** Entries from a place in the list on, as many as fit; the last one may be cut. */
export function writeEntries(
  entries: readonly Entry[],
  from: number,
  target: Uint8Array<ArrayBuffer>,
): number {
  let position = 0;
  for (let index = from; index < entries.length && position < target.length; index += 1) {
    const { name, filetype } = entries[index]!;
    const encoded = encoder.encode(name);
    const record = new Uint8Array(24 + encoded.length);
    const head = new DataView(record.buffer);
    head.setBigUint64(0, BigInt(index + 1), true);
    // Never 0, for which libraries would ask for each.
    head.setBigUint64(8, BigInt(index + 1), true);
    head.setUint32(16, encoded.length, true);
    head.setUint8(20, filetype);
    record.set(encoded, 24);
    const fitting = record.subarray(0, target.length - position);
    target.set(fitting, position);
    position += fitting.length;
  }
  return position;
}
