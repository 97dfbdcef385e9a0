import { deno } from "./deno.ts";
import { endWith } from "./endings.ts";
import limits from "./ruby-limits.rb";
import start from "./ruby-start.rb";
import { take } from "./spawn.ts";
import type { BootSpec } from "./spawn.ts";
import { wasiFunctions } from "./wasi.ts";
import { call, leave, sendData } from "./wire.ts";

type Exports = Readonly<Record<string, (...given: number[]) => number>> & {
  readonly memory: WebAssembly.Memory;
};

const evaluate = "rb-eval-string-protect: func(str: string) -> tuple<handle<rb-abi-value>, s32>";
const mostCharacters = 300;

/** Gets a Ruby ready, waits for a process to become, and becomes it. */
export async function beRuby(boot: BootSpec): Promise<void> {
  const code = deno.readFileSync(boot.ruby);
  deno.permissions.revokeSync({ name: "read" });
  let mostOpenFiles = 1_024;
  const module = new WebAssembly.Module(code);
  const instance: WebAssembly.Instance = new WebAssembly.Instance(module, {
    wasi_snapshot_preview1: wasiFunctions({
      argv: ["ruby"],
      env: {},
      mostOpenFiles: () => mostOpenFiles,
      memory: () => exportsOf(instance).memory,
      exit: endWith,
    }),
    ...noBridge(module),
  });
  const exports = exportsOf(instance);
  exports["_initialize"]!();
  initialize(exports, ["ruby", "-EUTF-8", "-e_=0"]);
  run(exports, named(limits, "<limits>"));
  const spec = take(() => false);
  mostOpenFiles = spec.mostOpenFiles;
  const { argv, env, cwd } = spec;
  run(
    exports,
    `${named(start, "<start>")}.call(${literal(argv.slice(1))}, ${literal(env)}, ${literal(cwd)})`,
  );
  crash("it has ended without an end");
}

function exportsOf(instance: WebAssembly.Instance): Exports {
  return instance.exports as unknown as Exports;
}

/** The parts of the module that reach for JavaScript get nothing: there is no bridge. */
function noBridge(module: WebAssembly.Module): WebAssembly.Imports {
  const imports: WebAssembly.Imports = { canonical_abi: {}, "rb-js-abi-host": {} };
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    if (from === "wasi_snapshot_preview1") continue;
    imports[from] ??= {};
    imports[from][name] =
      from === "canonical_abi" ? (value: number) => value : () => crash("JavaScript is not here");
  }
  return imports;
}

function initialize(exports: Exports, argv: readonly string[]): void {
  const list = exports["cabi_realloc"]!(0, 0, 4, argv.length * 8);
  argv.forEach((word, index) => {
    const { at, length } = place(exports, `${word}\0`);
    const view = new DataView(exports.memory.buffer);
    view.setUint32(list + index * 8, at, true);
    view.setUint32(list + index * 8 + 4, length, true);
  });
  exports["ruby-init: func(args: list<string>) -> ()"]!(list, argv.length);
}

/** Runs Ruby code; what it raises is a fault of ours, for the code of programs is run by ours. */
function run(exports: Exports, code: string): void {
  const { at, length } = place(exports, code);
  let result: number;
  try {
    result = exports[evaluate]!(at, length);
  } catch (error) {
    return crash(String((error as Error)?.message ?? error));
  }
  if (new DataView(exports.memory.buffer).getInt32(result + 4, true) !== 0) crash("it could not start");
}

/** The code under a name, by which its frames are known. */
function named(code: string, name: string): string {
  return `eval(${literal(code)}, nil, ${literal(name)}, 1)`;
}

function place(exports: Exports, text: string): { readonly at: number; readonly length: number } {
  const bytes = new TextEncoder().encode(text);
  const at = exports["cabi_realloc"]!(0, 0, 1, bytes.length);
  new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
  return { at, length: bytes.length };
}

/** As a literal of Ruby: JSON's are the same but for what Ruby would put in. */
function literal(value: object | string): string {
  if (typeof value === "string") return JSON.stringify(value.toWellFormed()).replaceAll("#", "\\#");
  if (Array.isArray(value)) return `[${value.map((item) => literal(item as string)).join(", ")}]`;
  const pairs = Object.entries(value).map(([name, item]) => `${literal(name)} => ${literal(item as string)}`);
  return `{ ${pairs.join(", ")} }`;
}

/** Ruby has ended in the middle of something, and says nothing more itself. */
function crash(why: string): never {
  const line = why.split("\n", 1)[0]!.slice(0, mostCharacters);
  const text = `[BUG] the interpreter has crashed (${line}): too deep a recursion, or a part that this sandbox does not have.\n`;
  sendData(2, new TextEncoder().encode(text));
  call({ op: "die", signal: "SIGSEGV" });
  return leave(139);
}
