import { spawn } from "node:child_process";
import { SandboxError } from "../../../errors.ts";
import type { SandboxErrorCode } from "../../../errors.ts";

export interface ToolOptions {
  /** What it is to do, to be read after "could not": `fetch the image x`. */
  readonly what: string;
  readonly code: SandboxErrorCode;
  readonly signal: AbortSignal;
  readonly remedy: string;
  /** Every line that it writes, on whichever stream. */
  readonly onLine?: (line: string) => void;
}

/** A tool that says nothing for so long has stopped working. */
const silenceMs = 20 * 60_000;
const keptLines = 30;

/**
 * Runs a tool of this machine with exactly these arguments, and returns its standard output. Throws with its last words
 * when it fails, DISK_FULL when that was why, ENGINE_TIMEOUT when it falls silent, or the signal's reason; it is ended then.
 */
export async function runTool(path: string, args: readonly string[], options: ToolOptions): Promise<string> {
  const { what, signal, onLine = () => {} } = options;
  signal.throwIfAborted();
  const child = spawn(path, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const end = () => endGroup(child.pid);
  let silent = false;
  const timer = setTimeout(() => {
    silent = true;
    end();
  }, silenceMs);
  signal.addEventListener("abort", end, { once: true });
  const lines: string[] = [];
  const follow = (text: string) => {
    timer.refresh();
    for (const line of text.split(/[\r\n]+/).map((one) => one.trim().slice(0, 500))) {
      if (line === "") continue;
      lines.push(line);
      if (lines.length > keptLines) lines.shift();
      onLine(line);
    }
  };
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    follow(text);
  });
  child.stderr.setEncoding("utf8").on("data", follow);
  try {
    const failure = await new Promise<string | null>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("close", (code, killed) => resolve(code === 0 ? null : `ended with ${code ?? killed}`));
    });
    signal.throwIfAborted();
    if (failure === null) return output;
    const full = lines.some((line) => /no space left on device|disk quota exceeded/i.test(line));
    const code = silent ? "ENGINE_TIMEOUT" : full ? "DISK_FULL" : options.code;
    throw new SandboxError(code, `${path} could not ${what}: ${lines.slice(-8).join("\n") || failure}.`, {
      remedy: full
        ? "Free disk space in the cache folder, and where the tool keeps its images."
        : options.remedy,
      details: { output: lines },
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

/** With all that it has started. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}
