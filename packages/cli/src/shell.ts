import { createInterface } from "node:readline";
import type { Interface } from "node:readline";
import type { Context, ExecutionResult, SandboxSession } from "@llm-sandbox/core";
import { boxOptions } from "./box-options.ts";
import type { ShellCommand } from "./command.ts";
import { openSession } from "./open-session.ts";
import { Blocks, opensBlock } from "./shell-blocks.ts";
import { styled } from "./style.ts";

const oneDayMs = 24 * 60 * 60_000;
const hint =
  "!COMMAND runs a command of the box, an empty line ends a block, Ctrl-C interrupts, Ctrl-D ends.";
const isGoodbye = /^\s*\.?(?:exit|quit)\s*(?:\(\s*\))?;?\s*$/;

/** An interactive prompt in a box: what is defined stays. Returns 0 at the end of the input. */
export async function shell(command: ShellCommand, signal: AbortSignal): Promise<number> {
  const { lang } = command;
  const options = await boxOptions(command, { lifetimeMs: oneDayMs });
  await using session = await openSession({ lang, signal, ...options });
  const { stdin, stdout } = process;
  const terminal = stdin.isTTY === true && stdout.isTTY === true;
  const lines = createInterface({ input: stdin, output: stdout, terminal, historySize: 1000 });
  const prompt = (goesOn: boolean): void => {
    if (!terminal) return;
    lines.setPrompt(goesOn ? "… " : "> ");
    lines.prompt();
  };
  const blocks = new Blocks(lines, { opens: (line) => opensBlock(lang, line), prompt });
  if (terminal) stdout.write(`${styled("dim", `A ${lang} box. ${hint}`)}\n`);
  using _ = terminal ? markedPastes(blocks) : nothing;
  let stop: AbortController | undefined;
  lines.on("SIGINT", () => {
    const typed = forgetLine(lines);
    blocks.discard();
    if (stop) stop.abort();
    else {
      stdout.write(typed ? "\n" : "(Ctrl-D ends)\n");
      prompt(false);
    }
  });
  signal.addEventListener("abort", () => lines.close(), { once: true });
  let context = session.createContext();
  try {
    for await (const block of blocks) {
      if (signal.aborted || isGoodbye.test(block)) break;
      if (block.trim() === "") continue;
      stop = new AbortController();
      await answer({ session, context, block, signal: AbortSignal.any([signal, stop.signal]) });
      stop = undefined;
      if (!context.open && session.isOpen) {
        process.stderr.write(
          "The process has ended, and what was defined in it is gone. Files are still there.\n",
        );
        context = session.createContext();
      }
    }
    if (terminal) stdout.write("\n");
  } finally {
    lines.close();
    stdin.destroy();
  }
  signal.throwIfAborted();
  return 0;
}

const nothing: Disposable = { [Symbol.dispose]() {} };

/** Has the terminal mark what is pasted, until disposed of or the program's end. */
function markedPastes(blocks: Blocks): Disposable {
  const onKey = (_: unknown, { name }: { readonly name?: string }): void => {
    if (name === "paste-start") blocks.paste("begins");
    if (name === "paste-end") blocks.paste("ends");
  };
  const switchOff = (): void => void process.stdout.write("\u001b[?2004l");
  process.stdin.on("keypress", onKey);
  process.once("exit", switchOff);
  process.stdout.write("\u001b[?2004h");
  return {
    [Symbol.dispose]() {
      process.stdin.off("keypress", onKey);
      process.off("exit", switchOff);
      switchOff();
    },
  };
}

/** Empties the line that is being typed; true when there was something in it. */
function forgetLine(lines: Interface): boolean {
  if (lines.line === "") return false;
  lines.write(null, { ctrl: true, name: "e" });
  lines.write(null, { ctrl: true, name: "u" });
  return true;
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
