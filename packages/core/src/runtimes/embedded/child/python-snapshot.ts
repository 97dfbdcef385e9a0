import { deno } from "./deno.ts";
import { loadPyodide } from "./pyodide.ts";
import ahead from "./python-ahead.py";
import type { BootSpec } from "./spawn.ts";
import { call } from "./wire.ts";

const pieceBytes = 1_048_576;

/** Starts a Python, imports what runs need, and hands over its memory. */
export async function makeSnapshot(boot: BootSpec): Promise<void> {
  const python = await loadPyodide(boot.pyodide, { _makeSnapshot: true });
  python.runPython(`${boot.kernel}\n${ahead}`);
  const memory = python.makeMemorySnapshot();
  for (let start = 0; start < memory.length; start += pieceBytes) {
    call({ op: "snapshot" }, memory.subarray(start, start + pieceBytes));
  }
  call({ op: "snapshot-done", bytes: memory.length });
  deno.exit(0);
}
