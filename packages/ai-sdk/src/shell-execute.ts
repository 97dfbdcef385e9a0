import { exitCodeOf } from "./exit-code.ts";
import type { SandboxSession } from "@llm-sandbox/core";

/** What OpenAI's `shell` tool asks for. */
export interface ShellInput {
  readonly action: {
    readonly commands: readonly string[];
    readonly timeoutMs?: number;
    readonly maxOutputLength?: number;
  };
}

/** What it is answered. */
export interface ShellOutput {
  maxOutputLength?: number;
  output: {
    stdout: string;
    stderr: string;
    outcome: { type: "timeout" } | { type: "exit"; exitCode: number };
  }[];
}

/**
 * The `execute` of OpenAI's provider tool: `openai.tools.shell({ execute: shellExecute(session) })`. Commands run one after
 * the other in the session, each in a fresh shell, also after one that failed; one that is over its time ends the list.
 */
export function shellExecute(
  session: SandboxSession,
): (input: ShellInput, options: { readonly abortSignal?: AbortSignal | undefined }) => Promise<ShellOutput> {
  return async ({ action: { commands, timeoutMs, maxOutputLength } }, { abortSignal }) => {
    const output: ShellOutput["output"] = [];
    for (const command of commands) {
      const result = await session.executeCommand(command, {
        ...(abortSignal ? { signal: abortSignal } : {}),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
      if (result.status === "cancelled") throw abortSignal?.reason ?? new Error("Cancelled.");
      const { stdout, stderr } = result;
      const isLate = result.status === "timed-out";
      output.push({
        stdout,
        stderr: result.status === "out-of-memory" ? `${stderr}\n[Killed: out of memory.]\n` : stderr,
        outcome: isLate ? { type: "timeout" } : { type: "exit", exitCode: exitCodeOf(result) },
      });
      if (isLate) break;
    }
    return { output, ...(maxOutputLength === undefined ? {} : { maxOutputLength }) };
  };
}
