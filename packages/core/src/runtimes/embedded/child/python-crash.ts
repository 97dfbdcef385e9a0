import type { Pyodide } from "./pyodide.ts";
import { call, sendData } from "./wire.ts";

const mostCharacters = 300;

/** Python has ended in the middle of something, as by a segmentation fault, and says nothing more itself. */
export function reportCrash(why: string): void {
  const line = why.split("\n", 1)[0]!.slice(0, mostCharacters);
  const text = `Fatal Python error: the interpreter has crashed (${line}). Memory that is not there was used, by ctypes or too deep a recursion, or a part that this sandbox does not have.\n`;
  sendData(2, new TextEncoder().encode(text));
  call({ op: "die", signal: "SIGSEGV" });
}

/** A trap of WebAssembly or a full stack is told of as a crash, not as a fault of Pyodide's to be reported to its makers. */
export function watchForCrash({ _api: api }: Pyodide): void {
  const fail = api?.fatal_error;
  if (!api || !fail) return;
  api.fatal_error = (error: unknown): never => {
    // A trap of WebAssembly is a RuntimeError.
    const { name, message } = Object(error) as Partial<Error>;
    if (name === "RangeError" || name === "RuntimeError") reportCrash(String(message));
    return fail(error);
  };
}
