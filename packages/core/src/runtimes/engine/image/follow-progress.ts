import type { IncomingMessage } from "node:http";
import { SandboxError } from "../../../errors.ts";
import { EngineStatusError } from "../engine-error.ts";

/** One line of an engine's report on a pull or a build. */
export interface EngineMessage {
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number } | null;
  /** Text of a build. */
  readonly stream?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string; readonly code?: number } | null;
  readonly aux?: unknown;
}

const longestLine = 4 * 1024 * 1024;

/**
 * Reads a report to its end. Rejects with EngineStatusError for a failure in it, with ENGINE_TIMEOUT after a silence,
 * with the signal's reason when aborted, with ENGINE_ERROR when the connection breaks.
 */
export async function followProgress(
  answer: IncomingMessage,
  limits: {
    readonly what: string;
    readonly signal: AbortSignal | undefined;
    readonly silenceMs: number;
  },
  onMessage: (message: EngineMessage) => void,
): Promise<void> {
  const { what, signal, silenceMs } = limits;
  let silent = false;
  const timer = setTimeout(() => {
    silent = true;
    answer.destroy();
  }, silenceMs);
  let rest = "";
  answer.setEncoding("utf8");
  try {
    for await (const chunk of answer as AsyncIterable<string>) {
      timer.refresh();
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > longestLine) throw new Error("a line of its report is too long");
      for (const line of lines) take(line, what, onMessage);
    }
    take(rest, what, onMessage);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (SandboxError.is(error)) throw error;
    if (silent) {
      throw new SandboxError(
        "ENGINE_TIMEOUT",
        `The engine said nothing for ${silenceMs} ms while it was to ${what}.`,
        {
          remedy: "Look at the engine's log and its network.",
        },
      );
    }
    throw new SandboxError("ENGINE_ERROR", `The engine did not ${what}: ${(error as Error).message}.`, {
      cause: error,
      remedy: "Is the engine still running?",
    });
  } finally {
    clearTimeout(timer);
    answer.destroy();
  }
  // An answer cut by the abort may end like a whole one.
  signal?.throwIfAborted();
  if (silent || !answer.complete) {
    throw new SandboxError(
      "ENGINE_ERROR",
      `The engine stopped in the middle of what it said, told to ${what}.`,
      {
        remedy: "Look at the engine's log.",
      },
    );
  }
}

function take(line: string, what: string, onMessage: (message: EngineMessage) => void): void {
  if (line.trim() === "") return;
  let message: EngineMessage;
  try {
    message = JSON.parse(line) as EngineMessage;
  } catch {
    return;
  }
  if (typeof message !== "object" || message === null) return;
  const failure = message.errorDetail?.message ?? message.error;
  if (failure) throw new EngineStatusError(500, failure.replace(/\s+/g, " ").trim(), what);
  onMessage(message);
}
