import { kernelRequire } from "./node-modules.ts";
import { process } from "./node-ending.ts";

type AnyFunction = (...given: unknown[]) => unknown;

const job = Buffer.from(
  `${JSON.stringify({ mode: "script", filename: "main.js", code: "console.log([1, { a: 'b' }]); 1" })}\n`,
);

/**
 * Runs the kernel once for a program that leaves nothing, so that what programs go through is loaded and compiled when
 * the first one comes. Its output is to be nobody's.
 */
export function rehearse(runKernel: AnyFunction): void {
  const { argv, emitWarning } = process;
  const event = "uncaughtExceptionMonitor";
  const before = new Set(process.listeners(event));
  const files = Object.create(kernelRequire("fs") as object) as object;
  const withJob = Object.assign(files, { readSync: (_file: number, buffer: Buffer) => job.copy(buffer) });
  try {
    process["argv"] = ["node", "javascript"];
    runKernel((name: string) => (name === "fs" ? withJob : kernelRequire(name)));
  } finally {
    for (const listener of process.listeners(event)) {
      if (!before.has(listener)) process.removeListener(event, listener);
    }
    Object.assign(process, { argv, emitWarning });
  }
}
