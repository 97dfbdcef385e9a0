import nodeProcess from "node:process";
import vm from "node:vm";
import { deno } from "./deno.ts";

type AnyFunction = (...given: unknown[]) => unknown;

/** Under another address, so that no stack of an error tells a folder of this machine. */
const scheme = "file:///pyodide/";
const builtins = nodeProcess as unknown as { getBuiltinModule(name: string): object };

/** A module of Pyodide's as the script that it is but for its last words: V8 can keep what it has compiled of a script. */
export interface PyodideScript<Exports> {
  readonly exports: Exports;
  /** What V8 has compiled of it so far. */
  compiled(): Uint8Array;
}

interface ScriptOptions {
  /** What was kept of its compilation. V8 checks it, and compiles anew what does not fit. */
  readonly compiled?: Uint8Array | undefined;
  /** In place of modules of Node's, by name. */
  readonly modules?: Readonly<Record<string, object>>;
}

/** Runs a module of Pyodide's. */
export function loadScript<Exports>(
  folder: string,
  name: string,
  { compiled, modules = {} }: ScriptOptions = {},
): PyodideScript<Exports> {
  const script = new vm.Script(asScript(new TextDecoder().decode(deno.readFileSync(folder + name)), name), {
    filename: scheme + name,
    ...(compiled && { cachedData: compiled as Uint8Array<ArrayBuffer> }),
    importModuleDynamically: (vm.constants as unknown as Record<string, symbol> | undefined)?.[
      "USE_MAIN_CONTEXT_DEFAULT_LOADER"
    ],
  } as vm.ScriptOptions);
  const run = script.runInThisContext() as AnyFunction;
  // Deno's own import of a module of Node's reads everything that it exports, which starts most of Node.
  const importBuiltin = async (wanted: string): Promise<object> => {
    const module = modules[wanted] ?? builtins.getBuiltinModule(wanted);
    return Object.assign(Object.create(module) as object, { default: module });
  };
  return { exports: run(importBuiltin) as Exports, compiled: () => script.createCachedData() };
}

/** `export { a as b, … }` or `export default a` becomes what a function returns. */
function asScript(source: string, name: string): string {
  const end = source.lastIndexOf("export");
  const found = /^export\s*(?:default\s+(\w+)|\{([^}]*)\})/.exec(source.slice(end));
  if (!found) throw new Error(`${name} does not end in its exports.`);
  const exported = found[1]
    ? `default: ${found[1]}`
    : found[2]!.replaceAll(/([\w$]+) as ([\w$]+)/g, "$2: $1");
  const body = source
    .slice(0, end)
    .replaceAll("import.meta.url", JSON.stringify(scheme + name))
    .replaceAll('import("node:', '__importBuiltin("node:');
  return `(function (__importBuiltin) {${body}\nreturn { ${exported} };})`;
}
