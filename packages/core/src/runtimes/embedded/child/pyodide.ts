import { deno } from "./deno.ts";
import type { EmscriptenFiles } from "./python-files.ts";

/** What is used of Pyodide, some of it private to the version that is pinned. */
export interface Pyodide {
  readonly FS: EmscriptenFiles;
  runPython(code: string): unknown;
  runPythonAsync(code: string): Promise<unknown>;
  registerJsModule(name: string, module: object): void;
  setStdin(options: { read(buffer: Uint8Array): number; isatty: boolean }): void;
  setStdout(options: { write(buffer: Uint8Array): number; isatty: boolean }): void;
  setStderr(options: { write(buffer: Uint8Array): number; isatty: boolean }): void;
  setInterruptBuffer(buffer: Uint8Array | Int32Array): void;
  makeMemorySnapshot(): Uint8Array;
}

/** Loads Pyodide, then gives up the permission to read that it took. */
export async function loadPyodide(folder: string, options: object): Promise<Pyodide> {
  const url = new URL(`file://${folder}`);
  const { loadPyodide: load } = (await import(`${url.href}pyodide.mjs`)) as {
    loadPyodide(options: object): Promise<Pyodide>;
  };
  const pyodide = await load({ indexURL: folder, ...options });
  deno.permissions.revokeSync({ name: "read" });
  return pyodide;
}
