import type { DenoFile } from "./deno.ts";

const pageBytes = 4_096;
/** Reading so much that holds nothing costs as much as another call to read. */
const worthwhileGap = 8 * pageBytes;
const sizeBytes = 4;

/** How the memory of an interpreter is kept: this as JSON behind its length (u32, little endian), Pyodide's head, V8's code, then the pieces. */
interface Layout {
  /** Bytes of Pyodide's own description of what follows. */
  readonly head: number;
  /** Bytes of what V8 has compiled. */
  readonly compiled: number;
  /** Where each piece lies in WebAssembly's memory, and its bytes. What is between them holds zeros. */
  readonly pieces: readonly (readonly [number, number])[];
}

/** Leaves out of Pyodide's snapshot what holds nothing, which is half of it. */
export function packed(snapshot: Uint8Array, compiled: Uint8Array): readonly Uint8Array[] {
  // Its second word: where the memory begins.
  const head = new DataView(snapshot.buffer, snapshot.byteOffset).getUint32(4, true);
  const memory = snapshot.subarray(head);
  const pieces = piecesOf(memory);
  const layout = new TextEncoder().encode(
    JSON.stringify({ head, compiled: compiled.length, pieces } satisfies Layout),
  );
  const size = new Uint8Array(sizeBytes);
  new DataView(size.buffer).setUint32(0, layout.length, true);
  return [
    size,
    layout,
    snapshot.subarray(0, head),
    compiled,
    ...pieces.map(([start, length]) => memory.subarray(start, start + length)),
  ];
}

function piecesOf(memory: Uint8Array): [number, number][] {
  const pieces: [number, number][] = [];
  for (let start = 0; start < memory.length; start += pageBytes) {
    const end = Math.min(start + pageBytes, memory.length);
    if (!memory.subarray(start, end).some(Boolean)) continue;
    const last = pieces.at(-1);
    if (last && start - (last[0] + last[1]) <= worthwhileGap) last[1] = end - last[0];
    else pieces.push([start, end - start]);
  }
  return pieces;
}

/** A kept memory, read piece by piece to where it belongs. */
export class KeptMemory {
  /** What Pyodide wants to see of a snapshot. */
  readonly head: Uint8Array;
  /** What V8 has compiled of Pyodide's script. */
  readonly compiled: Uint8Array;
  readonly #file: DenoFile;
  readonly #layout: Layout;

  /** Reads the file from its start, and closes it at last. */
  constructor(file: DenoFile) {
    this.#file = file;
    const size = this.#read(new Uint8Array(sizeBytes));
    const layout = this.#read(new Uint8Array(new DataView(size.buffer).getUint32(0, true)));
    this.#layout = JSON.parse(new TextDecoder().decode(layout)) as Layout;
    this.head = this.#read(new Uint8Array(this.#layout.head));
    this.compiled = this.#read(new Uint8Array(this.#layout.compiled));
  }

  /** Makes WebAssembly's memory what it was, once. Above `used` bytes nothing was written to it yet. */
  restore(memory: Uint8Array, used: number): void {
    let end = 0;
    for (const [start, length] of this.#layout.pieces) {
      if (end < used) memory.fill(0, end, Math.min(start, used));
      end = start + length;
      this.#read(memory.subarray(start, end));
    }
    if (end < used) memory.fill(0, end, used);
    this.#file.close();
  }

  #read<Bytes extends Uint8Array>(bytes: Bytes): Bytes {
    for (let filled = 0; filled < bytes.length;) {
      const count = this.#file.readSync(bytes.subarray(filled));
      if (!count) throw new Error("The kept memory is cut short.");
      filled += count;
    }
    return bytes;
  }
}
