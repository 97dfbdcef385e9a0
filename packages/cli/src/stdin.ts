import { fstatSync } from "node:fs";
import { text } from "node:stream/consumers";
import { styled } from "./style.ts";

const firstByteWithinMs = 1500;

/**
 * Code from standard input. `if-any` gives "" for a terminal, a closed input, and for a pipe nobody writes to,
 * as programs that start others often leave one open; of the last, `nothing` tells the person.
 */
export async function codeFromStdin(mode: "wait" | "if-any", nothing?: string): Promise<string> {
  const { stdin } = process;
  if (mode === "wait") {
    if (stdin.isTTY) note("type the code, end with Ctrl-D");
    return text(stdin);
  }
  if (stdin.isTTY || !mayHoldCode()) return "";
  if (await startsSoon(stdin)) return text(stdin);
  if (nothing !== undefined) note(nothing);
  stdin.destroy();
  return "";
}

function mayHoldCode(): boolean {
  try {
    const stats = fstatSync(0);
    return stats.isFIFO() || stats.isFile() || stats.isSocket();
  } catch {
    return false;
  }
}

function startsSoon(stdin: NodeJS.ReadStream): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (started: boolean) => {
      clearTimeout(timer);
      stdin.off("readable", onReadable).off("end", onReadable).off("error", onReadable);
      resolve(started);
    };
    const onReadable = () => done(true);
    const timer = setTimeout(done, firstByteWithinMs, false);
    stdin.once("readable", onReadable).once("end", onReadable).once("error", onReadable);
  });
}

function note(line: string): void {
  process.stderr.write(`${styled("dim", line, process.stderr)}\n`);
}
