import type { SandboxSession } from "@llm-sandbox/core";
import { runShellCommands, sandboxTools } from "@llm-sandbox/core/tool";

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
 * the other in the session, each in a fresh shell, also after one that failed; one that is over its time ends the list,
 * which the model is told, as it is of a sandbox that fails. Rejects only with the signal's reason.
 */
export function shellExecute(
  session: SandboxSession,
): (input: ShellInput, options: { readonly abortSignal?: AbortSignal | undefined }) => Promise<ShellOutput> {
  const { command } = sandboxTools({ session });
  return async ({ action: { commands, timeoutMs, maxOutputLength } }, { abortSignal: signal }) => {
    const outputs = await runShellCommands(command, { commands, timeoutMs, maxOutputLength }, { signal });
    return {
      output: outputs.map(({ stdout, stderr, exitCode }) => ({
        stdout,
        stderr,
        outcome: exitCode === "timeout" ? { type: "timeout" } : { type: "exit", exitCode },
      })),
      ...(maxOutputLength === undefined ? {} : { maxOutputLength }),
    };
  };
}
