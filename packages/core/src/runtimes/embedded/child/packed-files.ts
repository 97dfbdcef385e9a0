const encoder = new TextEncoder();
const decoder = new TextDecoder();
const newline = 10;

/** The pieces of one file that holds others: a line of JSON with their names and sizes, then their contents. */
export function packFiles(files: Readonly<Record<string, Uint8Array>>): Uint8Array[] {
  const sizes = Object.entries(files).map(([name, content]) => [name, content.length]);
  return [encoder.encode(`${JSON.stringify(sizes)}\n`), ...Object.values(files)];
}

/** The contents by their names; they are the same memory as what they are taken from. */
export function unpackFiles(packed: Uint8Array): Record<string, Uint8Array> {
  let at = packed.indexOf(newline) + 1;
  const sizes = JSON.parse(decoder.decode(packed.subarray(0, at))) as [string, number][];
  return Object.fromEntries(sizes.map(([name, size]) => [name, packed.subarray(at, (at += size))]));
}
