import { narrowDeno } from "./deno.ts";
import { closeModules } from "./node-gate.ts";
import { call, sendReady, withoutOutput } from "./wire.ts";

/** What a child is to become: one process of the session. */
export interface ProcessSpec {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly mostOpenFiles: number;
  /** The language whose kernel it is: jobs come on the structured stream. */
  readonly kernel: string | null;
}

/** How a child gets ready. */
export interface BootSpec {
  readonly role:
    | "python"
    | "javascript"
    | "bash"
    | "ruby"
    | "compiler"
    | "compiled-files"
    | "program"
    | "snapshot";
  /** Folder of Pyodide, with a slash at the end. */
  readonly pyodide: string;
  /** File with Ruby as WebAssembly. */
  readonly ruby: string;
  /** Files of Clang: its tools as WebAssembly, and what they read. */
  readonly clang: { readonly tools: string; readonly resources: string };
  /** Texts of what C++ programs are linked with, by file name. */
  readonly sources: Readonly<Record<string, string>>;
  /** File with what is compiled once for all C++ programs (compiled-files.ts). */
  readonly compiled: string;
  /** File with the memory of a Python that has started, or null. */
  readonly snapshot: string | null;
  /** Of Python the kernel's start.py, of JavaScript the kernel. */
  readonly kernel: string;
}

/**
 * Tells that this child is ready, and waits until it is given a process to become. Meanwhile it warms up, step by step:
 * `step` returns whether there is another. Who waits already does not wait for that. What a program could reach of
 * Deno and of Node's modules is taken away before; `close` does it for the modules.
 */
export function take(step: () => boolean, close: () => void = closeModules): ProcessSpec {
  narrowDeno();
  close();
  sendReady();
  for (let more = true; more; more = withoutOutput(step)) {
    const { value } = call({ op: "take", now: true });
    if (value["pending"] !== true) return value as unknown as ProcessSpec;
  }
  return call({ op: "take" }).value as unknown as ProcessSpec;
}
