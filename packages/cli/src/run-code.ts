import type { RunCommand } from "./command.ts";
import { exitCodeOf } from "./exit-code.ts";
import { openSession } from "./open-session.ts";
import { duration, styled } from "./style.ts";

/** Runs the user's code in a box of its own, its output passed on as it comes; returns its exit code. */
export async function runCode(command: RunCommand, signal: AbortSignal): Promise<number> {
  const { code, lang, timeoutMs, memoryBytes, network, image, verbose, stdin } = command;
  await using session = await openSession({
    lang,
    network,
    verbose,
    signal,
    ...(image === undefined ? {} : { image }),
    limits: {
      // The program's own time limit is the shorter one.
      lifetimeMs: timeoutMs + 60_000,
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
    },
  });
  const result = await session.run(code, {
    timeoutMs,
    signal,
    ...(stdin === undefined ? {} : { stdin }),
    onOutput: ({ stream, text }) => void process[stream].write(text),
  });
  signal.throwIfAborted();
  const note = notes[result.status]?.(timeoutMs, memoryBytes);
  if (note !== undefined) process.stderr.write(`${styled("yellow", note, process.stderr)}\n`);
  return exitCodeOf(result);
}

const notes: Partial<Record<string, (timeoutMs: number, memoryBytes: number | undefined) => string>> = {
  "timed-out": (timeoutMs) => `llm-sandbox: stopped after ${duration(timeoutMs)} (--timeout)`,
  "out-of-memory": () => "llm-sandbox: out of memory (--memory)",
};
