import { deno } from "./deno.ts";
import { KeptMemory } from "./kept-memory.ts";
import { loadPyodide } from "./pyodide.ts";
import { mountFiles } from "./python-files.ts";
import type { EmscriptenFiles } from "./python-files.ts";
import { derivedKeys } from "./python-keys.ts";
import { reportCrash, watchForCrash } from "./python-crash.ts";
import { take } from "./spawn.ts";
import type { BootSpec } from "./spawn.ts";
import { call, leave, sendData } from "./wire.ts";

/** Gets a Python ready, waits for a process to become, and becomes it. */
export async function bePython(boot: BootSpec): Promise<void> {
  useConsole();
  const { pyodide: python } = await loadPyodide(
    boot.pyodide,
    {},
    new KeptMemory(deno.openSync(boot.snapshot!)),
  );
  python.setStdin({ read: (buffer) => readInput(0, buffer), isatty: false });
  python.setStdout({ write: (bytes) => writeOutput(1, bytes), isatty: false });
  python.setStderr({ write: (bytes) => writeOutput(2, bytes), isatty: false });
  openStructured(python.FS);
  mountFiles(python.FS, ["/workspace", "/tmp"]);
  // A program reaches what is here by Pyodide's bridge, and has one thread.
  Reflect.deleteProperty(globalThis, "Worker");
  python.globals.get("connect")({
    exit: leave,
    sleep,
    die: (number: number) => void call({ op: "die", signal: number }),
    out_of_memory: () => void call({ op: "out-of-memory" }),
    ...derivedKeys,
    zones: () => call({ op: "part", name: "zones" }).data,
  });
  const main = python.globals.get("main");
  const spec = take(() => python.runPython("next(warming, False)") === true);
  python.FS.MAX_OPEN_FDS = spec.mostOpenFiles;
  watchForCrash(python);
  (globalThis as unknown as EventTarget).addEventListener("unload", () =>
    reportCrash("it waits for what cannot come"),
  );
  try {
    await main.callPromising(JSON.stringify(spec));
  } catch (error) {
    reportCrash(String((error as Error)?.message ?? error));
  }
  leave(0);
}

/** What goes to a console, such as /dev/tty, is standard error: Deno's own console is where the frames go. */
function useConsole(): void {
  const encoder = new TextEncoder();
  const print = (...given: unknown[]): void =>
    sendData(2, encoder.encode(`${given.map(String).join(" ")}\n`));
  for (const name of ["log", "info", "debug", "warn", "error"] as const) console[name] = print;
}

/** Descriptor 3, which is free when nothing was opened yet. */
function openStructured(files: EmscriptenFiles): void {
  const device = files.makedev(64, 3);
  files.registerDevice(device, {
    read: (_stream: object, buffer: Uint8Array, offset: number, length: number) =>
      readInput(3, buffer.subarray(offset, offset + length)),
    write: (_stream: object, buffer: Uint8Array, offset: number, length: number) =>
      writeOutput(3, buffer.subarray(offset, offset + length)),
  });
  files.mkdev("/dev/structured", 0o666, device);
  files.open("/dev/structured", "r+");
}

function readInput(stream: 0 | 3, buffer: Uint8Array): number {
  const { data } = call({ op: "input", stream, most: buffer.length });
  buffer.set(data);
  return data.length;
}

function writeOutput(stream: 1 | 2 | 3, bytes: Uint8Array): number {
  sendData(stream, bytes);
  return bytes.length;
}

const pause = new Int32Array(new SharedArrayBuffer(4));

function sleep(ms: number): void {
  Atomics.wait(pause, 0, 0, ms);
}
