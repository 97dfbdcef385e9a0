import vm from "node:vm";
import { call } from "./wire.ts";

/** A statement or a part of one, as the parser tells it. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** The parser, of which V8's errors of syntax know too little and a console's semantics need the statements. */
export interface Parser {
  parse(code: string, options: object): { readonly body: readonly SyntaxNode[] };
}

interface Place {
  readonly line: number;
  readonly column: number;
}

type AnyFunction = (...given: unknown[]) => unknown;

let loaded: Parser | undefined;

/** Asked for when it is first needed: most programs have no such error. */
export function parser(): Parser {
  if (loaded) return loaded;
  const source = new TextDecoder().decode(call({ op: "part", name: "acorn" }).data);
  const exports = {};
  const load = vm.compileFunction(source, ["exports", "module"], { filename: "sandbox:acorn" });
  (load as unknown as AnyFunction)(exports, { exports });
  return (loaded = exports as Parser);
}

/** Where the parser finds a script or module wrong; undefined when it does not. */
function placeIn(code: string, sourceType: "script" | "module"): Place | undefined {
  try {
    parser().parse(code, {
      ecmaVersion: "latest",
      sourceType,
      allowHashBang: true,
      allowReturnOutsideFunction: sourceType === "script",
    });
    return undefined;
  } catch (error) {
    return (error as { loc?: Place }).loc;
  }
}

/** The error with the place and the line above it, as Node shows a syntax error. V8 does not tell Deno where it is. */
function placed(error: unknown, code: string, filename: string, sourceType: "script" | "module"): unknown {
  if (!(error instanceof SyntaxError) || /^\S.*:\d+\n/.test(String(error.stack))) return error;
  const place = placeIn(code, sourceType);
  if (!place) return error;
  const { line, column } = place;
  const text = code.split("\n")[line - 1] ?? "";
  error.stack = `${filename}:${line}\n${text}\n${" ".repeat(column)}^\n\nSyntaxError: ${error.message}\n    at ${filename}:${line}`;
  return error;
}

function filenameOf(options: unknown, otherwise: string): string {
  if (typeof options === "string") return options;
  return (options as { filename?: string } | undefined)?.filename ?? otherwise;
}

class Script extends vm.Script {
  constructor(code: string, options?: vm.ScriptOptions | string) {
    try {
      super(code, options);
    } catch (error) {
      throw placed(error, code, filenameOf(options, "evalmachine.<anonymous>"), "script");
    }
  }
}

const importing =
  /^[ \t]*(?:import\b(?!\s*[(.])[^;'"]*(?:['"][^'"\n]*['"])?[^;\n]*;?|export\s+(?:default\b)?)/gm;

/** A constructor that throws a module's syntax error before it is loaded: the loader does not tell where it is. */
function SourceTextModule(code: string, { identifier }: { readonly identifier: string }): object {
  if (!placeIn(code, "module")) return {};
  // V8 has the last word, and the words: here of a function that may await, without what only a module has.
  const body = code.replaceAll(importing, (text) => text.replaceAll(/[^\n]/g, " "));
  try {
    return new vm.Script(`"use strict"; (async () => {${body}\n})`);
  } catch (error) {
    throw placed(error, code, identifier, "module");
  }
}

/** Node's `vm` whose syntax errors tell their place; the kernel also compiles modules by it. */
export const placingVm: typeof vm = {
  ...vm,
  Script,
  compileFunction(code: string, names?: readonly string[], options?: vm.CompileFunctionOptions) {
    try {
      return vm.compileFunction(code, names, options);
    } catch (error) {
      throw placed(error, code, filenameOf(options, ""), "script");
    }
  },
};
export const kernelVm: object = { ...placingVm, SourceTextModule };
