import { SandboxError } from "@llm-sandbox/core";
import { checkToolOptions, runShellCommands, sandboxTools } from "@llm-sandbox/core/tool";
import type { ToolSessions } from "@llm-sandbox/core/tool";
import { getCurrentTrace } from "@openai/agents";
import type { Shell } from "@openai/agents";
import type { SandboxShellOptions } from "../sandbox-shell.ts";
import { checkConversation } from "./agent-tool.ts";
import { conversationOfRun } from "./conversation-of-run.ts";

/** Everything that `createSandboxShell` takes for an agent. */
export interface AgentShellOptions extends SandboxShellOptions {
  /**
   * Whose session the commands get. Default: each run has its own, and runs within one `withTrace` share it. The SDK hands a
   * shell nothing that tells its run but the trace: while tracing is off, calls without this are refused.
   */
  readonly conversation?: string;
}

/** A shell of an agent. Disposing it closes the sessions that it opened. */
export interface AgentShell extends Shell, AsyncDisposable {
  readonly sessions: ToolSessions;
}

/** A shell for `shellTool({ shell })`: each command is a fresh `sh` in the working folder; files stay. It throws only where it cannot tell whose sandbox to use. */
export function createSandboxShell(options: AgentShellOptions = {}): AgentShell {
  checkToolOptions("createSandboxShell", options, {
    more: ["conversation"],
    without: ["name", "extraInstructions"],
  });
  const { conversation, ...more } = options;
  checkConversation(conversation);
  const tools = sandboxTools(more);
  return {
    async run({ commands, timeoutMs, maxOutputLength }) {
      const { given } = tools.sessions;
      const whose = conversation ?? (given ? undefined : conversationOfRun());
      if (!given && whose === undefined && getCurrentTrace()) throw cannotTell();
      const outputs = await runShellCommands(
        tools.command,
        { commands, timeoutMs, maxOutputLength },
        whose === undefined ? {} : { conversation: whose },
      );
      return {
        output: outputs.map(({ stdout, stderr, exitCode }) => ({
          stdout,
          stderr,
          outcome: exitCode === "timeout" ? { type: "timeout" } : { type: "exit", exitCode },
        })),
        ...(typeof maxOutputLength === "number" ? { maxOutputLength } : {}),
      };
    },
    sessions: tools.sessions,
    [Symbol.asyncDispose]: () => tools[Symbol.asyncDispose](),
  };
}

function cannotTell(): SandboxError {
  return new SandboxError(
    "INVALID_OPTION",
    "While tracing is off, a shell cannot tell whose sandbox to use.",
    {
      remedy: "Pass conversation to createSandboxShell, or leave tracing on.",
    },
  );
}
