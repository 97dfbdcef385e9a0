import { createInterface } from "node:readline/promises";
import type { Interface } from "node:readline/promises";
import type { Context, ExecutionResult, SandboxSession } from "@llm-sandbox/core";
import { boxOptions } from "./box-options.ts";
import type { ShellCommand } from "./command.ts";
import { openSession } from "./open-session.ts";
import { styled } from "./style.ts";

const oneDayMs = 24 * 60 * 60_000;
const hint =
  "!COMMAND runs a command of the box, an empty line ends a block, Ctrl-C interrupts, Ctrl-D ends.";

/** An interactive prompt in a box: what is defined stays. Returns 0 at the end of the input. */
export async function shell(command: ShellCommand, signal: AbortSignal): Promise<number> {
  const { lang } = command;
  const options = await boxOptions(command, { lifetimeMs: oneDayMs });
  await using session = await openSession({ lang, signal, ...options });
  await using context = session.createContext();
  const { stdin, stdout } = process;
  const lines = createInterface({ input: stdin, output: stdout, terminal: stdout.isTTY === true });
  if (stdout.isTTY) stdout.write(`${styled("dim", `A ${lang} box. ${hint}`)}\n`);
  let stop: AbortController | undefined;
  lines.on("SIGINT", () => {
    if (stop) stop.abort();
    else stdout.write("(Ctrl-D ends)\n");
  });
  signal.addEventListener("abort", () => lines.close(), { once: true });
  try {
    for await (const block of blocksOf(lines)) {
      if (block.trim() !== "") {
        stop = new AbortController();
        await answer({ session, context, block, signal: stop.signal });
        stop = undefined;
      }
      if (!context.open) {
        process.stderr.write("The box's process has ended, and what was defined with it.\n");
        return 1;
      }
    }
  } finally {
    lines.close();
  }
  signal.throwIfAborted();
  return 0;
}

async function answer(work: {
  readonly session: SandboxSession;
  readonly context: Context;
  readonly block: string;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { session, context, block, signal } = work;
  const options = {
    timeoutMs: oneDayMs,
    signal,
    onOutput: ({ stream, text }: { readonly stream: "stdout" | "stderr"; readonly text: string }) =>
      void process[stream].write(text),
  };
  if (block.startsWith("!")) {
    const { exitCode } = await session.executeCommand(block.slice(1), options);
    if (exitCode !== 0) process.stdout.write(`${styled("dim", `exit code ${exitCode ?? "none"}`)}\n`);
    return;
  }
  const result = await context.run(block, options);
  const text = valueOf(result);
  if (text !== "") process.stdout.write(`${text}\n`);
}

function valueOf({ value, error, stderr }: ExecutionResult): string {
  if (error !== null && !stderr.includes(error.message))
    return styled("red", error.traceback || error.message);
  return value ?? "";
}

/** One line each, or as many as belong together: what ends in an opening or a backslash goes on until an empty line. */
async function* blocksOf(lines: Interface): AsyncGenerator<string, void, undefined> {
  const prompt = (text: string): void => {
    if (process.stdout.isTTY !== true) return;
    lines.setPrompt(text);
    lines.prompt();
  };
  let block: string[] = [];
  prompt("> ");
  for await (const line of lines) {
    const begins = block.length === 0;
    if (!begins && line.trim() !== "") block.push(line);
    else if (begins && !line.startsWith("!") && /(?:[:{([\\,]|=>)\s*$/.test(line)) block = [line];
    else {
      yield begins ? line : `${block.join("\n")}\n`;
      block = [];
    }
    prompt(block.length === 0 ? "> " : "… ");
  }
  if (block.length > 0) yield `${block.join("\n")}\n`;
}
