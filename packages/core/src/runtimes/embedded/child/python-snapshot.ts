import { deno } from "./deno.ts";
import { packed } from "./kept-memory.ts";
import { loadPyodide } from "./pyodide.ts";
import ahead from "./python-ahead.py";
import limits from "./python-limits.py";
import start from "./python-start.py";
import zones from "./python-zones.py";
import type { BootSpec } from "./spawn.ts";
import { call } from "./wire.ts";

const pieceBytes = 1_048_576;

/** Starts a Python, gets it ready as far as it is the same for all processes, and hands over its memory. */
export async function makeSnapshot(boot: BootSpec): Promise<void> {
  const { pyodide: python, compiled } = await loadPyodide(boot.pyodide, { _makeSnapshot: true });
  python.runPython([boot.kernel, ahead, limits, zones, start].join("\n"));
  let bytes = 0;
  for (const part of packed(python.makeMemorySnapshot(), compiled())) {
    for (let begin = 0; begin < part.length; begin += pieceBytes) {
      call({ op: "snapshot" }, part.subarray(begin, begin + pieceBytes));
    }
    bytes += part.length;
  }
  call({ op: "snapshot-done", bytes });
  deno.exit(0);
}
