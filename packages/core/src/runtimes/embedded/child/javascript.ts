import path from "node:path";
import nodeProcess from "node:process";
import { deno } from "./deno.ts";
import { exit, process, useErrors } from "./node-ending.ts";
import { folder, sync } from "./node-files.ts";
import { kernelRequire, moduleApi, useModules } from "./node-modules.ts";
import { useStreams } from "./node-streams.ts";
import { placingVm } from "./node-places.ts";
import { rehearse } from "./javascript-rehearsal.ts";
import { take } from "./spawn.ts";
import type { BootSpec, ProcessSpec } from "./spawn.ts";
import { call, leave, sendData } from "./wire.ts";

type AnyFunction = (...given: unknown[]) => unknown;

const executable = "/usr/local/bin/node";
/** Of the web and of Deno: a program of Node does not have them, or they would not work. */
const foreign = [
  "alert",
  "confirm",
  "prompt",
  "localStorage",
  "sessionStorage",
  "caches",
  "close",
  "Worker",
  "self",
  "window",
];

/** Gets a JavaScript ready that looks like Node, waits for a process to become, and becomes it. */
export async function beJavaScript({ kernel }: BootSpec): Promise<void> {
  useStreams(process);
  useErrors();
  const global = globalThis as Record<string, unknown>;
  for (const name of foreign) delete global[name];
  defineGlobal("fetch", async (resource: unknown) => {
    const address =
      resource instanceof URL ? resource.href : String((resource as { url?: string })?.url ?? resource);
    throw new TypeError(
      `fetch failed: this sandbox has no network, so ${address.slice(0, 200)} cannot be reached. Use data that is already in the files.`,
    );
  });
  defineGlobal("WebSocket", undefined);
  defineGlobal("EventSource", undefined);
  const runKernel = new Function("require", kernel) as AnyFunction;
  const steps = warmUp(runKernel);
  const spec = take(() => !steps.next().done, useModules);
  useProcess(spec);
  if (spec.kernel) {
    process["argv"] = [executable, spec.kernel];
    // From a task of its own, as Node runs a program: what it defers comes in Node's order.
    setImmediate(() => runKernel(kernelRequire));
  } else await runCommand(spec.argv.slice(1));
}

function defineGlobal(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

function define(name: string, value: unknown): void {
  const property = Object.getOwnPropertyDescriptor(process, name);
  if (property?.configurable !== false) {
    Object.defineProperty(process, name, { value, writable: true, configurable: true, enumerable: true });
  } else if (property.set || property.writable) process[name] = value;
}

function useProcess({ env, cwd }: ProcessSpec): void {
  folder.current = cwd;
  define("env", { ...env });
  define("cwd", () => folder.current);
  define("chdir", (wanted: string) => {
    const target = path.resolve(folder.current, wanted);
    if (!sync.statSync(target)!.isDirectory()) {
      throw Object.assign(new Error(`ENOTDIR: not a directory, chdir '${target}'`), { code: "ENOTDIR" });
    }
    folder.current = target;
  });
  define("execPath", executable);
  define("execArgv", []);
  define("title", "node");
  let mask = 0o022;
  define("availableMemory", () => 536_870_912);
  define("constrainedMemory", () => 1_073_741_824);
  define("umask", (wanted?: number | string) => {
    const before = mask;
    if (wanted !== undefined) mask = Number(typeof wanted === "string" ? `0o${wanted}` : wanted) & 0o777;
    return before;
  });
  define("pid", 2);
  define("ppid", 1);
  for (const name of ["getuid", "geteuid", "getgid", "getegid"]) define(name, () => 1_000);
  define("uptime", () => performance.now() / 1_000);
  define("kill", (pid: number, signal: string | number = "SIGTERM") => {
    if (pid === process["pid"] && signal === 0) return true;
    if (pid === process["pid"]) return call({ op: "die", signal });
    throw Object.assign(new Error("kill EPERM"), { code: "EPERM", errno: -1, syscall: "kill" });
  });
  define("exit", (code?: number) => exit(code));
  Object.defineProperty(deno, "exit", { value: exit });
  define("reallyExit", (code?: number) => leave(Number(code ?? 0)));
  define("abort", () => call({ op: "die", signal: "SIGABRT" }));
  if (typeof process["_tickCallback"] !== "function") define("_tickCallback", () => {});
}

/** Compiles once what every program uses, in steps. */
function* warmUp(runKernel: AnyFunction): Generator<void, void, undefined> {
  globalThis.console.log("%s", "warm", { a: [1, "b"] }, new Error("warm"));
  globalThis.console.error("warm");
  yield;
  new placingVm.Script("[1].map((x) => x * 2)", { filename: "/workspace/warm.js" }).runInThisContext();
  yield;
  (moduleApi["stripTypeScriptTypes"] as AnyFunction)("let x: 1", { mode: "strip" });
  yield;
  useProcess({ argv: [], kernel: null, env: {}, cwd: "/", mostOpenFiles: 1 });
  rehearse(runKernel);
}

/** `node …` as far as programs use it: -e, -p, a file, standard input. */
async function runCommand(given: readonly string[]): Promise<void> {
  const rest = [...given];
  if (rest[0] === "run") rest.shift();
  while (rest[0]?.startsWith("--") && rest[0] !== "--version" && !/^--(eval|print)$/.test(rest[0]))
    rest.shift();
  const first = rest.shift();
  if (first === "-v" || first === "--version") {
    sendData(1, new TextEncoder().encode(`${(nodeProcess as { version: string }).version}\n`));
    return;
  }
  if (first === "-e" || first === "--eval" || first === "-p" || first === "--print" || first === "-pe") {
    process["argv"] = [executable, ...rest.slice(1)];
    const code = rest[0] ?? "";
    const value = await evaluate(code, `${folder.current}/[eval]`);
    if (first !== "-e" && first !== "--eval") globalThis.console.log(value);
    return;
  }
  if (first === undefined || first === "-") {
    process["argv"] = [executable, "-", ...rest];
    await evaluate(sync.readFileSync(0, "utf8") as string, `${folder.current}/[stdin]`);
    return;
  }
  const filename = path.resolve(folder.current, first);
  process["argv"] = [executable, filename, ...rest];
  const require = (moduleApi["createRequire"] as (from: string) => (name: string) => unknown)(filename);
  const code = sync.readFileSync(filename, "utf8") as string;
  const isModule = /\.m[jt]s$/.test(filename) || /^\s*(import\s*[\w{*"']|export\s)/m.test(code);
  if (isModule && !/\.c[jt]s$/.test(filename)) await import(`file://${filename}`);
  else require(filename);
}

async function evaluate(code: string, filename: string): Promise<unknown> {
  const createRequire = moduleApi["createRequire"] as (from: string) => unknown;
  defineGlobal("require", createRequire(filename));
  const options = {
    filename,
    importModuleDynamically: placingVm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  } as object;
  if (/^\s*(import\s*[\w{*"']|export\s)/m.test(code)) {
    return import(`data:text/javascript,${encodeURIComponent(code)}`);
  }
  return new placingVm.Script(code, options).runInThisContext();
}
