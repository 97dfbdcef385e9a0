import type { CopyReport } from "@llm-sandbox/core";
import { boxOptions } from "./box-options.ts";
import type { RunCommand } from "./command.ts";
import { exitCodeOf } from "./exit-code.ts";
import { openSession } from "./open-session.ts";
import { duration, styled } from "./style.ts";

/** Runs the user's code in a box of its own, its output passed on as it comes; returns its exit code. */
export async function runCode(command: RunCommand, signal: AbortSignal): Promise<number> {
  const { code, lang, timeoutMs, memoryBytes, stdin, inputs, outputs, json } = command;
  // The program's own time limit is the shorter one.
  const limits = { lifetimeMs: timeoutMs + 60_000 };
  await using session = await openSession({ lang, signal, ...(await boxOptions(command, limits)) });
  for (const { from, to } of inputs) tellSkipped(await session.copyToRuntime(from, to, { signal }));
  const result = await session.run(code, {
    timeoutMs,
    signal,
    ...(stdin === undefined ? {} : { stdin }),
    ...(json ? {} : { onOutput: ({ stream, text }) => void process[stream].write(text) }),
  });
  signal.throwIfAborted();
  for (const { from, to } of outputs) tellSkipped(await session.copyFromRuntime(from, to, { signal }));
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  const note = notes[result.status]?.(timeoutMs, memoryBytes);
  if (note !== undefined) process.stderr.write(`${styled("yellow", note, process.stderr)}\n`);
  return exitCodeOf(result);
}

function tellSkipped({ skipped }: CopyReport): void {
  for (const { path, reason } of skipped) {
    process.stderr.write(`llm-sandbox: left out ${path}, which ${reason}\n`);
  }
}

const notes: Partial<Record<string, (timeoutMs: number, memoryBytes: number | undefined) => string>> = {
  "timed-out": (timeoutMs) => `llm-sandbox: stopped after ${duration(timeoutMs)} (--timeout)`,
  "out-of-memory": () => "llm-sandbox: out of memory (--memory)",
};
