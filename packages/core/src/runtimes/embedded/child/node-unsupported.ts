import { elsewhere } from "./elsewhere.ts";

/** Modules of Node that are not here, with what to do without them. */
export const unsupportedModules: ReadonlyMap<string, string> = new Map([
  [
    "sqlite",
    `node:sqlite is not in this sandbox: keep the data in arrays and Maps, and in JSON files. ${elsewhere}`,
  ],
  [
    "test",
    `node:test is not in this sandbox: its tests would not run. Call them yourself and use node:assert, whose errors fail the run. ${elsewhere}`,
  ],
  ["test/reporters", `node:test is not in this sandbox. ${elsewhere}`],
  ["repl", `node:repl is not in this sandbox: nobody types here. ${elsewhere}`],
  ["wasi", `node:wasi is not in this sandbox: WebAssembly itself is. ${elsewhere}`],
  ["inspector/promises", `There is no inspector in this sandbox: print what you want to see. ${elsewhere}`],
  ["trace_events", `node:trace_events is not in this sandbox. ${elsewhere}`],
  ["sea", `node:sea is not in this sandbox. ${elsewhere}`],
]);
