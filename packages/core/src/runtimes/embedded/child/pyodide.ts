import Module from "node:module";
import nodeProcess from "node:process";
import { pathToFileURL } from "node:url";
import { deno, hideDeno } from "./deno.ts";
import type { EmscriptenFiles } from "./python-files.ts";

/** What is used of Pyodide, some of it private to the version that is pinned. */
export interface Pyodide {
  readonly FS: EmscriptenFiles;
  readonly _api?: {
    readonly config?: Record<string, unknown>;
    fatal_error(error: unknown): never;
  };
  runPython(code: string): unknown;
  runPythonAsync(code: string): Promise<unknown>;
  registerJsModule(name: string, module: object): void;
  setStdin(options: { read(buffer: Uint8Array): number; isatty: boolean }): void;
  setStdout(options: { write(buffer: Uint8Array): number; isatty: boolean }): void;
  setStderr(options: { write(buffer: Uint8Array): number; isatty: boolean }): void;
  makeMemorySnapshot(): Uint8Array;
}

const hooksOf = Module as unknown as { registerHooks(hooks: object): { deregister(): void } };
const scheme = "file:///pyodide/";

/** Loads Pyodide, then gives up the permission to read that it took, and hides where it was read from. */
export async function loadPyodide(folder: string, options: object): Promise<Pyodide> {
  const place = pathToFileURL(folder).href;
  const base = place.endsWith("/") ? place : `${place}/`;
  // Under another address, so that no stack of an error tells a folder of this machine.
  const hooks = hooksOf.registerHooks({
    resolve: (specifier: string, context: object, next: (...given: unknown[]) => unknown) => {
      const name = specifier.startsWith(base) ? specifier.slice(base.length) : undefined;
      if (name?.endsWith(".mjs")) return { url: scheme + name, format: "module", shortCircuit: true };
      return next(specifier, context);
    },
    load: (url: string, context: object, next: (...given: unknown[]) => unknown) =>
      url.startsWith(scheme)
        ? {
            format: "module",
            source: deno.readFileSync(folder + url.slice(scheme.length)),
            shortCircuit: true,
          }
        : next(url, context),
  });
  const { loadPyodide: load } = (await import(`${base}pyodide.mjs`)) as {
    loadPyodide(options: object): Promise<Pyodide>;
  };
  const pyodide = await load({ indexURL: folder, ...options });
  hooks.deregister();
  refuseThreads();
  deno.permissions.revokeSync({ name: "read" });
  hidePlaces(pyodide);
  return pyodide;
}

/** A program reaches Node's modules by Pyodide's bridge, and has one thread. */
function refuseThreads(): void {
  const refused = /^(?:node:)?(?:worker_threads|cluster|child_process)$/;
  const refuse = (name: string): never => {
    throw new Error(`${name} is not in this sandbox, which has neither threads nor processes.`);
  };
  const process = nodeProcess as unknown as { getBuiltinModule(name: string): unknown };
  const builtin = process.getBuiltinModule.bind(process);
  const threads = builtin("node:worker_threads") as Record<string, unknown>;
  threads["Worker"] = refuse.bind(undefined, "Worker");
  process.getBuiltinModule = (name) => (refused.test(name) ? refuse(name) : builtin(name));
  hooksOf.registerHooks({
    resolve: (specifier: string, context: object, next: (...given: unknown[]) => unknown) =>
      refused.test(specifier) ? refuse(specifier) : next(specifier, context),
  });
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
  hideDeno(executable);
}
