import Module from "node:module";
import vm from "node:vm";
import { CallError, call } from "./wire.ts";

const hooksOf = Module as unknown as { registerHooks(hooks: object): { deregister(): void } };
const loaded = new Map<string, { exports: unknown }>();
const decoder = new TextDecoder();
const exposed = Symbol.for("llm-sandbox.part");

/** What a package that runs here asks for, by name and by who asks: the other side finds and reads it. */
function part(name: string, from: string): { readonly path: string; readonly source: string } {
  const { value, data } = call({ op: "part", name, from });
  return { path: String(value["path"]), source: decoder.decode(data) };
}

function requirePart(name: string, from: string): unknown {
  if (name.startsWith("node:")) return process.getBuiltinModule(name);
  const { path, source } = part(name, from);
  const known = loaded.get(path);
  if (known) return known.exports;
  const module = { exports: {} as unknown };
  loaded.set(path, module);
  const body = vm.compileFunction(source, ["module", "exports", "require"], { filename: `part:${name}` });
  (body as unknown as (...given: unknown[]) => void)(module, module.exports, (inner: string) =>
    requirePart(inner, path),
  );
  return module.exports;
}

/** Imports an ECMAScript module of an installed package; what it imports comes as CommonJS, or as nothing if it is absent. */
export async function importPart<Exports>(name: string): Promise<Exports> {
  const { path, source } = part(name, "");
  Object.defineProperty(globalThis, exposed, {
    value: (inner: string) => {
      try {
        return requirePart(inner, path);
      } catch (error) {
        if (error instanceof CallError) return {};
        throw error;
      }
    },
    configurable: true,
  });
  const hooks = hooksOf.registerHooks({
    resolve: (specifier: string, context: object, next: (...given: unknown[]) => unknown) =>
      /^[a-z@][\w@/.-]*$/.test(specifier)
        ? { url: `part:${specifier}`, format: "module", shortCircuit: true }
        : next(specifier, context),
    load: (url: string, context: object, next: (...given: unknown[]) => unknown) =>
      url.startsWith("part:")
        ? { format: "module", source: sourceOf(url.slice("part:".length)), shortCircuit: true }
        : next(url, context),
  });
  try {
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    return (await import(address)) as Exports;
  } finally {
    hooks.deregister();
    delete (globalThis as unknown as Record<symbol, unknown>)[exposed];
  }
}

function sourceOf(name: string): string {
  const value = (globalThis as unknown as Record<symbol, (name: string) => object>)[exposed]!(name);
  const names = Object.keys(value).filter((key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== "default");
  return (
    `const value = globalThis[Symbol.for("llm-sandbox.part")](${JSON.stringify(name)});\nexport default value;\n` +
    names.map((key, at) => `const _${at} = value.${key}; export { _${at} as ${key} };\n`).join("")
  );
}
