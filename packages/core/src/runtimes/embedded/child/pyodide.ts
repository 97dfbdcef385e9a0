import nodeProcess from "node:process";
import { deno } from "./deno.ts";
import type { KeptMemory } from "./kept-memory.ts";
import { loadScript } from "./pyodide-scripts.ts";
import type { EmscriptenFiles } from "./python-files.ts";

export interface PythonFunction {
  (...given: unknown[]): unknown;
  /** Called so, it may wait for promises. */
  callPromising(...given: unknown[]): Promise<unknown>;
}

/** What is used of Pyodide, some of it private to the version that is pinned. */
export interface Pyodide {
  readonly FS: EmscriptenFiles;
  readonly globals: { get(name: string): PythonFunction };
  readonly _api?: {
    readonly config?: Record<string, unknown>;
    fatal_error(error: unknown): never;
  };
  runPython(code: string): unknown;
  setStdin(options: { read(buffer: Uint8Array): number; isatty: boolean }): void;
  setStdout(options: { write(buffer: Uint8Array): number; isatty: boolean }): void;
  setStderr(options: { write(buffer: Uint8Array): number; isatty: boolean }): void;
  makeMemorySnapshot(): Uint8Array;
}

type Make = (settings: object) => Promise<PyodideModule>;

export interface LoadedPyodide {
  readonly pyodide: Pyodide;
  /** What V8 has compiled of its largest script so far. */
  compiled(): Uint8Array;
}

/** Of the platform's types as far as they are used. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: object): Promise<object>;
};

/** What Emscripten made of Pyodide's WebAssembly. */
interface PyodideModule {
  readonly HEAPU8: Uint8Array;
  readonly API: { restoreSnapshot(snapshot: Uint8Array): object };
  /** Where memory ends that was used. */
  _sbrk(bytes: 0): number;
}

type WasmImports = { readonly env: object };
type WasmDone = (instance: object, module: object) => void;

/** Loads Pyodide, then gives up the permission to read that it took, and hides where it was read from. */
export async function loadPyodide(
  folder: string,
  options: object,
  memory?: KeptMemory,
): Promise<LoadedPyodide> {
  // V8 reads it on other processors while the scripts load.
  const wasm = WebAssembly.compile(deno.readFileSync(`${folder}pyodide.asm.wasm`));
  wasm.catch(() => {});
  const loader = loadScript<{ loadPyodide(options: object): Promise<Pyodide> }>(folder, "pyodide.mjs", {
    modules: { "node:fs/promises": withoutWasm },
  });
  const script = loadScript<{ default: Make }>(folder, "pyodide.asm.mjs", { compiled: memory?.compiled });
  const make = withWasm(script.exports.default, wasm);
  const pyodide = await loader.exports.loadPyodide({
    indexURL: folder,
    lockFileContents: noPackages,
    ...options,
    createPyodideModule: memory ? restored(make, memory) : make,
    ...(memory && { _loadSnapshot: memory.head }),
  });
  deno.permissions.revokeSync({ name: "read" });
  hidePlaces(pyodide);
  return { pyodide, compiled: () => script.compiled() };
}

/** Pyodide's list of packages: none of them can be fetched from here. */
const noPackages = JSON.stringify({ info: { abi_version: "2026_0", arch: "wasm32" }, packages: {} });

/** For Pyodide's loader, which would read its WebAssembly a second time. */
const withoutWasm = {
  readFile: async (path: string): Promise<Uint8Array> =>
    path.endsWith(".wasm") ? new Uint8Array() : deno.readFileSync(path),
};

/** Makes an instance of what is compiled already. */
function withWasm(make: Make, wasm: Promise<object>): Make {
  const error = Symbol("an error of JavaScript's");
  const checks = { Jsv_GetError_import: () => error, JsvError_Check: (value: unknown) => value === error };
  return (settings) =>
    make({
      ...settings,
      instantiateWasm: (imports: WasmImports, done: WasmDone) => {
        Object.assign(imports.env, checks);
        void wasm.then(async (module) => done(await WebAssembly.instantiate(module, imports), module));
        return {};
      },
    });
}

/** Has the memory read to where it belongs, in place of a copy of all of it, holes included. */
function restored(make: Make, memory: KeptMemory): Make {
  return async (settings) => {
    const module = await make(settings);
    const { API: api } = module;
    const check = api.restoreSnapshot;
    api.restoreSnapshot = (head) => {
      const state = check(head);
      memory.restore(module.HEAPU8, module._sbrk(0));
      return state;
    };
    return module;
  };
}

function hidePlaces(pyodide: Pyodide): void {
  const config = pyodide._api?.config ?? {};
  for (const [name, value] of Object.entries(config)) {
    if (typeof value === "string" && value.includes("/")) config[name] = "/pyodide/";
  }
  const process = nodeProcess as unknown as Record<string, unknown>;
  const executable = "/usr/local/bin/python3";
  process["argv"] = [executable];
  process["execPath"] = executable;
  process["cwd"] = () => "/";
}
