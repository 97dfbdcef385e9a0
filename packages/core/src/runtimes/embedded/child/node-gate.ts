import Module from "node:module";
import nodeProcess from "node:process";

type AnyFunction = (...given: never[]) => unknown;
type Next = (address: string, context: object) => unknown;

export interface Hooks {
  readonly resolve?: (specifier: string, context: { readonly parentURL?: string }, next: Next) => unknown;
  readonly load?: (url: string, context: object, next: Next) => unknown;
}

// A program may have changed every method that is called here: what decides uses none but these.
const { apply } = Reflect;
const { exec } = RegExp.prototype;
const { registerHooks } = Module as unknown as { registerHooks(hooks: object): { deregister(): void } };
const process = nodeProcess as unknown as { getBuiltinModule(name: string): unknown };
const builtin = process.getBuiltinModule.bind(process);

function table(names: readonly string[]): Readonly<Record<string, string>> {
  const made = Object.create(null) as Record<string, string>;
  for (const name of names) made[name] = made[`node:${name}`] = `node:${name}`;
  return made;
}

/** Modules of Node's that compute, and reach for nothing outside of the process. */
const few = table([
  "assert",
  "assert/strict",
  "buffer",
  "crypto",
  "events",
  "path",
  "path/posix",
  "path/win32",
  "querystring",
  "string_decoder",
  "url",
  "util",
  "util/types",
  "zlib",
]);

/** Those that a program of Node's gets, many of them changed (see node-modules.ts). */
const many = table([
  ...Object.values(few).map((name) => name.slice(5)),
  "_stream_duplex",
  "_stream_passthrough",
  "_stream_readable",
  "_stream_transform",
  "_stream_writable",
  "async_hooks",
  "child_process",
  "constants",
  "dgram",
  "diagnostics_channel",
  "dns",
  "dns/promises",
  "domain",
  "http",
  "http2",
  "https",
  "net",
  "os",
  "perf_hooks",
  "punycode",
  "readline",
  "readline/promises",
  "stream",
  "stream/consumers",
  "stream/promises",
  "stream/web",
  "sys",
  "timers",
  "timers/promises",
  "tls",
  "tty",
  "v8",
  "worker_threads",
]);

function opened(names: Readonly<Record<string, string>>, name: unknown): unknown {
  return builtin(known(names, name));
}

/** One of Node's modules, or an error when a program of Node's does not get it. */
export const nodeModule = (name: string): unknown => opened(many, name);

function known(names: Readonly<Record<string, string>>, name: unknown): string {
  const found = typeof name === "string" ? names[name] : undefined;
  if (found !== undefined) return found;
  throw Object.assign(new Error(`The module ${String(name)} is not in this sandbox.`), {
    code: "ERR_UNSUPPORTED",
  });
}

/** Of addresses that Deno answers itself. */
const foreign = Object.assign(Object.create(null) as Record<string, true>, {
  node: true,
  ext: true,
  npm: true,
  jsr: true,
  http: true,
  https: true,
});

/** What an address begins with, as it stands; undefined for one that only becomes an address. */
function schemeOf(address: unknown): string | undefined {
  if (typeof address !== "string") return undefined;
  const found = apply(exec, /^([a-z][a-z0-9+.-]*):/, [address]) as RegExpExecArray | null;
  return found === null ? undefined : found[1];
}

/** Whether it is code that a program brings itself. */
function isCode(address: unknown): boolean {
  const scheme = schemeOf(address);
  return scheme === "data" || scheme === "blob";
}

const refusals = Object.create(null) as Record<string, unknown>;
let refused = 0;

/**
 * Asks a hook. When it throws, Deno goes on without it if the import is a static one: so its error waits at an address
 * of its own until that is loaded.
 */
function resolved(ask: () => object): object {
  try {
    return ask();
  } catch (error) {
    const url = `refused:${(refused += 1)}`;
    refusals[url] = error;
    return { url, format: "module", shortCircuit: true };
  }
}

/** Registers hooks, after which no import leads to a module of Node's or to what lies elsewhere. */
export function registerGated({ resolve, load }: Hooks): { deregister(): void } {
  return registerHooks({
    ...(resolve && {
      resolve: (specifier: string, context: object, next: Next) =>
        resolved(() => {
          const found = resolve(specifier, context, next) as { readonly url: unknown };
          const { url } = found;
          const scheme = schemeOf(url);
          if (scheme === undefined || foreign[scheme]) known(Object.create(null), url);
          return { ...found, url };
        }),
    }),
    ...(load && { load: load as AnyFunction }),
  });
}

/** The last of all hooks: what reaches it is Deno's to answer. Without names, it is nothing but code. */
export function closeImports(names: Readonly<Record<string, string>> = Object.create(null)): void {
  spoilDatabases();
  const checked = (next: Next, address: string, context: object): object =>
    next(isCode(address) ? address : known(names, address), context) as object;
  registerHooks({
    resolve: (specifier: string, context: object, next: Next) =>
      resolved(() => checked(next, specifier, context)),
    load(url: string, context: object, next: Next) {
      if (schemeOf(url) === "refused" && refusals[url] !== undefined) throw refusals[url];
      return checked(next, url, context);
    },
  });
}

/** SQLite writes files without asking for a permission: who finds a way to it all the same has nothing that works. */
function spoilDatabases(): void {
  const sqlite = builtin("node:sqlite") as Readonly<Record<string, { readonly prototype: object }>>;
  for (const owner of ["DatabaseSync", "StatementSync"]) {
    let prototype = sqlite[owner]!.prototype as object | null;
    for (
      ;
      prototype && prototype !== Object.prototype;
      prototype = Object.getPrototypeOf(prototype) as object
    ) {
      for (const name of Reflect.ownKeys(prototype)) Reflect.deleteProperty(prototype, name);
    }
  }
}

/** From now on a program reaches a few of Node's modules, by whatever way and spelling. */
export function closeModules(): void {
  Object.defineProperty(process, "getBuiltinModule", { value: (name: unknown) => opened(few, name) });
  closeImports(few);
}
