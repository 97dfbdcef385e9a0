import type { CopyReport, SandboxSession } from "@llm-sandbox/core";
import { SandboxError } from "@llm-sandbox/core";
import { boxOptions } from "./box-options.ts";
import type { RunCommand, Transfer } from "./command.ts";
import { exitCodeOf } from "./exit-code.ts";
import { openSession } from "./open-session.ts";
import { duration, styled } from "./style.ts";

/** Runs the user's code in a box of its own, its output passed on as it comes; returns its exit code. */
export async function runCode(command: RunCommand, signal: AbortSignal): Promise<number> {
  const { code, lang, timeoutMs, memoryBytes, stdin, inputs, outputs, json } = command;
  // The program's own time limit is the shorter one.
  const limits = { lifetimeMs: timeoutMs + 60_000 };
  try {
    await using session = await openSession({ lang, signal, ...(await boxOptions(command, limits)) });
    for (const { from, to } of inputs) tellSkipped(await session.copyToRuntime(from, to, { signal }));
    const result = await session.run(code, {
      timeoutMs,
      signal,
      ...(stdin === undefined ? {} : { stdin }),
      ...(json ? {} : { onOutput: ({ stream, text }) => void process[stream].write(text) }),
    });
    signal.throwIfAborted();
    if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    const note = notes[result.status]?.(timeoutMs, memoryBytes);
    if (note !== undefined) process.stderr.write(`${styled("yellow", note, process.stderr)}\n`);
    const exitCode = exitCodeOf(result);
    const missed = await bringBack(outputs, session, signal);
    // What a program that failed did not write is no further failure.
    return exitCode === 0 ? missed : exitCode;
  } finally {
    // Somebody may hold its other end open for long.
    stdin?.destroy();
  }
}

/** Copies what there is, and tells of what was not: 0 for none, 1 where the program has not made it, 3 where copying failed. */
async function bringBack(
  outputs: readonly Transfer[],
  session: SandboxSession,
  signal: AbortSignal,
): Promise<0 | 1 | 3> {
  let missed: 0 | 1 | 3 = 0;
  for (const { from, to } of outputs) {
    try {
      tellSkipped(await session.copyFromRuntime(from, to, { signal }));
    } catch (error) {
      if (!SandboxError.is(error) || !session.isOpen) throw error;
      if (error.code !== "FILE_NOT_FOUND") missed = 3;
      else if (missed === 0) missed = 1;
      process.stderr.write(`llm-sandbox: --out ${from}: ${error.message}\n`);
    }
  }
  return missed;
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
