import { deno } from "./deno.ts";
import { loadPyodide } from "./pyodide.ts";
import type { Pyodide } from "./pyodide.ts";
import { mountFiles } from "./python-files.ts";
import type { EmscriptenFiles } from "./python-files.ts";
import ahead from "./python-ahead.py";
import { derivedKeys } from "./python-keys.ts";
import { reportCrash, watchForCrash } from "./python-crash.ts";
import limits from "./python-limits.py";
import start from "./python-start.py";
import zones from "./python-zones.py";
import { take } from "./spawn.ts";
import type { BootSpec } from "./spawn.ts";
import { call, leave, sendData } from "./wire.ts";

/** Gets a Python ready, waits for a process to become, and becomes it. */
export async function bePython(boot: BootSpec): Promise<void> {
  useConsole();
  const snapshot = boot.snapshot === null ? undefined : deno.readFileSync(boot.snapshot);
  const whole = snapshot ? isWhole(snapshot, boot.snapshot!) : Promise.resolve(true);
  let python: Pyodide;
  try {
    python = await loadPyodide(boot.pyodide, snapshot ? { _loadSnapshot: snapshot } : {});
  } catch (error) {
    if (!(await whole)) call({ op: "damaged" });
    throw error;
  }
  if (!(await whole)) call({ op: "damaged" });
  python.setStdin({ read: (buffer) => readInput(0, buffer), isatty: false });
  python.setStdout({ write: (bytes) => writeOutput(1, bytes), isatty: false });
  python.setStderr({ write: (bytes) => writeOutput(2, bytes), isatty: false });
  openStructured(python.FS);
  mountFiles(python.FS, ["/workspace", "/tmp"]);
  python.registerJsModule("llm_sandbox_host", {
    exit: leave,
    sleep,
    die: (number: number) => void call({ op: "die", signal: number }),
    out_of_memory: () => void call({ op: "out-of-memory" }),
    ...derivedKeys,
    zones: () => call({ op: "part", name: "zones" }).data,
  });
  if (!snapshot) python.runPython(`${boot.kernel}\n${ahead}`);
  // A program reaches what is here by Pyodide's bridge, and has one thread.
  Reflect.deleteProperty(globalThis, "Worker");
  python.runPython([limits, zones, start].join("\n"));
  await python.runPythonAsync('globals().pop("get_ready")()');
  const spec = take(() => python.runPython("next(warming, False)") === true);
  python.FS.MAX_OPEN_FDS = spec.mostOpenFiles;
  watchForCrash(python);
  (globalThis as unknown as EventTarget).addEventListener("unload", () =>
    reportCrash("it waits for what cannot come"),
  );
  try {
    await python.runPythonAsync(
      `import json; globals().pop("main")(json.loads(${JSON.stringify(JSON.stringify(spec))}))`,
    );
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

/** Whether the file holds what it was written with: its name ends in a digest of it. */
async function isWhole(content: Uint8Array, path: string): Promise<boolean> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content as Uint8Array<ArrayBuffer>));
  const text = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return path.endsWith(`-${text}.memory`);
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
