export { memory } from "./memory.ts";
export type { MemoryOptions } from "./memory.ts";
export type {
  MemoryCommand,
  MemoryHandler,
  MemoryOutcome,
  MemoryProcess,
  MemoryRun,
} from "./memory-script.ts";
export { MemoryFiles } from "../agent/memory-files.ts";
export { MemoryFileError } from "../agent/memory-files.ts";
export { testRuntime } from "./conformance/test-runtime.ts";
export type { ConformanceException, ConformanceOptions, TestRunner } from "./conformance/test-runtime.ts";
