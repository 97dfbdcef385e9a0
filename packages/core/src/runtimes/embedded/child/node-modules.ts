import { Buffer } from "node:buffer";
import Module from "node:module";
import path from "node:path";
import nodeProcess from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ReplSession } from "./node-repl.ts";
import { folder, sync } from "./node-files.ts";
import { fs, promises } from "./node-fs.ts";
import { closeImports, nodeModule, registerGated } from "./node-gate.ts";
import { networkModule } from "./node-network.ts";
import { kernelVm, placingVm } from "./node-places.ts";
import { stripTypeScriptTypes } from "./node-typescript.ts";
import { unsupportedModules } from "./node-unsupported.ts";
import { utilModule } from "./node-util.ts";

type AnyFunction = (...given: unknown[]) => unknown;
type Require = ((name: string) => unknown) & Record<string, unknown>;

interface Loaded {
  id: string;
  filename: string;
  exports: unknown;
  loaded: boolean;
  children: unknown[];
  paths: string[];
  require?: Require;
}

const extensions = [
  "",
  ".js",
  ".cjs",
  ".mjs",
  ".json",
  ".ts",
  ".mts",
  ".cts",
  "/index.js",
  "/index.cjs",
  "/index.mjs",
  "/index.ts",
];

const refused =
  (what: string): AnyFunction =>
  () => {
    throw Object.assign(new Error(what), { code: "ERR_UNSUPPORTED" });
  };
const noProcesses = refused(
  "No process can be started from a program in this sandbox: do the step in JavaScript, with node:fs, node:path or node:zlib where it is about files. A container runtime has processes.",
);
const noThreads = refused(
  "No thread can be started in this sandbox: do the work in this one. A container runtime has threads.",
);

function withAll(names: readonly string[], base: object, value: unknown): Record<string, unknown> {
  return { ...(base as Record<string, unknown>), ...Object.fromEntries(names.map((name) => [name, value])) };
}

function NoThread(): void {
  noThreads();
}

/** What the kernel asks of worker threads: a listener for interrupts, of which there are none here. */
class ListenerThread {
  on(event: string, listener: (message: unknown) => void): this {
    if (event === "message") setTimeout(() => listener("ready"), 0);
    return this;
  }
  unref(): void {}
}

/** Node's own modules, those that reach out of the process replaced. */
const replaced: Record<string, unknown> = {
  fs,
  "fs/promises": promises,
  vm: placingVm,
  cluster: { isPrimary: true, isMaster: true, isWorker: false, fork: noProcesses },
  inspector: {
    Session: refused(
      "There is no inspector in this sandbox: print what you want to see. A container runtime has one.",
    ),
  },
  process: nodeProcess,
  console: undefined,
};

/** Made when they are first asked for: to load these takes as long as all that programs need. */
const madeLater: Readonly<Record<string, () => unknown>> = {
  child_process: () =>
    withAll(
      ["exec", "execFile", "execFileSync", "execSync", "fork", "spawn", "spawnSync"],
      nodeModule("child_process") as object,
      noProcesses,
    ),
  worker_threads: () => withAll(["Worker"], nodeModule("worker_threads") as object, NoThread),
  os: () => ({
    ...(nodeModule("os") as object),
    hostname: () => "sandbox",
    cpus: () => [{ model: "sandbox", speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } }],
    availableParallelism: () => 1,
    totalmem: () => 1_073_741_824,
    freemem: () => 536_870_912,
    loadavg: () => [0, 0, 0],
    uptime: () => performance.now() / 1_000,
    networkInterfaces: () => ({}),
    userInfo: () => ({ uid: 1_000, gid: 1_000, username: "sandbox", homedir: "/workspace", shell: null }),
    homedir: () => "/workspace",
    tmpdir: () => "/tmp",
    release: () => "0",
    version: () => "sandbox",
    getPriority: () => 0,
    setPriority: noProcesses,
  }),
};

const cache: Record<string, Loaded> = Object.create(null) as Record<string, Loaded>;

export const moduleApi: Record<string, unknown> & { registerHooks?: unknown } = Object.assign(
  function SandboxModule(this: Loaded, id: string) {
    Object.assign(this, { id, filename: id, exports: {}, loaded: false, children: [], paths: [] });
  } as unknown as Record<string, unknown>,
  {
    builtinModules: Module.builtinModules,
    isBuiltin: (name: string) => isBuiltin(name),
    createRequire: (from: string | URL) => makeRequire(path.dirname(fileOf(from))),
    _nodeModulePaths: (from: string) => modulePaths(from),
    registerHooks: registerGated,
    stripTypeScriptTypes,
    SourceMap: (Module as unknown as { SourceMap: unknown }).SourceMap,
    syncBuiltinESMExports: () => {},
    _cache: cache,
  },
);
moduleApi["Module"] = moduleApi;
replaced["module"] = moduleApi;

function bare(name: string): string {
  return name.startsWith("node:") ? name.slice(5) : name;
}

function isBuiltin(name: string): boolean {
  return (
    Module.builtinModules.includes(bare(name)) ||
    (name.startsWith("node:") && unsupportedModules.has(bare(name)))
  );
}

function builtinModule(name: string): unknown {
  const known = bare(name);
  if (known === "console") return globalThis.console;
  if (Object.hasOwn(replaced, known)) return replaced[known];
  if (Object.hasOwn(madeLater, known)) return (replaced[known] = madeLater[known]!());
  const unsupported = unsupportedModules.get(known);
  if (unsupported) throw Object.assign(new Error(unsupported), { code: "ERR_UNSUPPORTED" });
  const module = nodeModule(known);
  return (replaced[known] = known === "util" ? utilModule(module) : networkModule(known, module));
}

/** `require` of the kernel, which may have what a program may not. */
export function kernelRequire(name: string): unknown {
  if (name === "inspector") return { Session: ReplSession };
  if (name === "worker_threads") return { Worker: ListenerThread };
  if (name === "vm") return kernelVm;
  return builtinModule(name);
}

function modulePaths(from: string): string[] {
  const found: string[] = [];
  for (let place = from; ; place = path.dirname(place)) {
    found.push(path.join(place, "node_modules"));
    if (place === "/") return found;
  }
}

function fileAt(place: string): string | undefined {
  const found = extensions.map((extension) => place + extension).find((name) => isFile(name));
  if (found) return found;
  const manifest = `${place}/package.json`;
  if (!isFile(manifest)) return undefined;
  const { main, module, exports } = JSON.parse(sync.readFileSync(manifest, "utf8") as string) as Record<
    string,
    unknown
  >;
  const entry = entryOf(exports) ?? module ?? main ?? "index.js";
  return typeof entry === "string" ? fileAt(path.join(place, entry)) : undefined;
}

function entryOf(exports: unknown): string | undefined {
  if (typeof exports === "string") return exports;
  if (typeof exports !== "object" || exports === null) return undefined;
  const conditions = exports as Record<string, unknown>;
  return entryOf(
    conditions["."] ??
      conditions["node"] ??
      conditions["import"] ??
      conditions["require"] ??
      conditions["default"],
  );
}

function isFile(name: string): boolean {
  try {
    return sync.statSync(name)!.isFile();
  } catch {
    return false;
  }
}

function resolveFile(name: string, from: string): string {
  const places =
    /^\.{0,2}\//.test(name) || name === "." || name === ".."
      ? [path.resolve(from, name)]
      : modulePaths(from).map((place) => path.join(place, name));
  for (const place of places) {
    const found = fileAt(place);
    if (found) return found;
  }
  const packaged = !/^[./]/.test(name);
  const hint = packaged
    ? " There are no npm packages in this sandbox: use Node's own modules. A container runtime has some, or an image with more."
    : "";
  throw Object.assign(new Error(`Cannot find module '${name}'.${hint}`), {
    code: packaged ? "ERR_MODULE_NOT_FOUND" : "MODULE_NOT_FOUND",
  });
}

function fileOf(address: string | URL): string {
  const text = String(address);
  return text.startsWith("file:") ? fileURLToPath(text) : text;
}

/** JavaScript of a source that may be TypeScript. */
function javaScriptOf(filename: string): string {
  const code = sync.readFileSync(filename, "utf8") as string;
  return /\.[mc]?ts$/.test(filename) ? stripTypeScriptTypes(code, { mode: "transform" }) : code;
}

function makeRequire(from: string): Require {
  const resolve = (name: string): string => (isBuiltin(name) ? name : resolveFile(name, from));
  const require = (name: string): unknown => {
    if (isBuiltin(name)) return builtinModule(name);
    const filename = resolve(name);
    const known = cache[filename];
    if (known) return known.exports;
    const module: Loaded = {
      id: filename,
      filename,
      exports: {},
      loaded: false,
      children: [],
      paths: modulePaths(path.dirname(filename)),
    };
    cache[filename] = module;
    try {
      load(module, filename);
    } catch (error) {
      delete cache[filename];
      throw error;
    }
    module.loaded = true;
    return module.exports;
  };
  Object.defineProperty(require, "main", {
    get: () => (nodeProcess as unknown as { mainModule?: unknown }).mainModule,
  });
  return Object.assign(require, { resolve, cache, extensions: {} }) as unknown as Require;
}

/** What is required as the body of a function; a module of ECMAScript is told apart from code that is wrong. */
function compiled(code: string, names: readonly string[], filename: string): unknown {
  try {
    return placingVm.compileFunction(code, names, { filename });
  } catch (error) {
    if (!/\.m[jt]s$/.test(filename) && !/^\s*(?:import\s*[\w{*"']|export\s)/m.test(code)) throw error;
    const words = `require() of the ES module ${filename} is not in this sandbox: use await import(), or import.`;
    throw Object.assign(new Error(words), { code: "ERR_REQUIRE_ESM" });
  }
}

function load(module: Loaded, filename: string): void {
  if (filename.endsWith(".json")) {
    module.exports = JSON.parse(sync.readFileSync(filename, "utf8") as string);
    return;
  }
  const code = javaScriptOf(filename).replace(/^#!.*/, "");
  const names = ["exports", "require", "module", "__filename", "__dirname"];
  const body = compiled(code, names, filename);
  const own = makeRequire(path.dirname(filename));
  module.require = own;
  (body as unknown as AnyFunction).call(
    module.exports,
    module.exports,
    own,
    module,
    filename,
    path.dirname(filename),
  );
}

const exposed = Symbol.for("llm-sandbox.builtin");

/** Modules in memory: Node's own as they are here, the program's from the session's files. */
export function useModules(): void {
  Object.defineProperty(globalThis, exposed, { value: builtinModule });
  Object.defineProperty(nodeProcess, "getBuiltinModule", {
    value: (name: string) => (isBuiltin(name) ? builtinModule(name) : undefined),
    configurable: true,
  });
  closeImports();
  registerGated({
    resolve(specifier, context, next) {
      if (isBuiltin(specifier)) {
        return { url: `sandbox:${bare(specifier)}`, format: "module", shortCircuit: true };
      }
      if (/^(data|blob|sandbox):/.test(specifier)) return next(specifier, context);
      if (/^https?:/.test(specifier)) {
        throw new Error(`Cannot import ${specifier}: this sandbox has no network.`);
      }
      const parent = context.parentURL?.startsWith("file:")
        ? path.dirname(fileURLToPath(context.parentURL))
        : folder.current;
      const filename = resolveFile(
        specifier.startsWith("file:") ? fileURLToPath(specifier) : specifier,
        parent,
      );
      const format = filename.endsWith(".json") ? "json" : "module";
      const { href } = pathToFileURL(filename);
      // By its ending, Deno would look for it where it may not.
      const url = filename.endsWith(".cjs") ? `sandbox:${href}` : href;
      return { url, format, shortCircuit: true };
    },
    load(url, context, next) {
      if (url.startsWith("sandbox:file:")) {
        const source = moduleSource(fileURLToPath(url.slice("sandbox:".length)));
        return { format: "module", source, shortCircuit: true };
      }
      if (url.startsWith("sandbox:")) {
        return { format: "module", source: builtinSource(url.slice("sandbox:".length)), shortCircuit: true };
      }
      if (!url.startsWith("file:")) return next(url, context);
      const filename = fileURLToPath(url);
      if (filename.endsWith(".json")) {
        return {
          format: "json",
          source: Buffer.from(sync.readFileSync(filename) as Buffer),
          shortCircuit: true,
        };
      }
      return { format: "module", source: moduleSource(filename), shortCircuit: true };
    },
  });
}

function builtinSource(name: string): string {
  const value = builtinModule(name);
  const names = Object.keys(value as object).filter(
    (key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== "default",
  );
  const start = `const module = globalThis[Symbol.for("llm-sandbox.builtin")](${JSON.stringify(name)});\nexport default module;\n`;
  return (
    start + names.map((key, at) => `const _${at} = module.${key}; export { _${at} as ${key} };\n`).join("")
  );
}

/** A CommonJS file that is imported is one default export with its properties beside it. */
function moduleSource(filename: string): string {
  const code = javaScriptOf(filename);
  const isModule = /\.m[jt]s$/.test(filename) || /^\s*(import|export)\b/m.test(code);
  if (isModule && !filename.endsWith(".cjs")) return code;
  if (!/\b(module|exports|require)\b/.test(code)) return code;
  const value = makeRequire(path.dirname(filename))(filename);
  const names = typeof value === "object" && value !== null ? Object.keys(value) : [];
  const some = names.filter((key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== "default");
  const place = JSON.stringify(filename);
  return (
    `import { createRequire } from "node:module";\nconst value = createRequire(${place})(${place});\nexport default value;\n` +
    some.map((key, at) => `const _${at} = value.${key}; export { _${at} as ${key} };\n`).join("")
  );
}
