import { checkToolOptions, runShellCommands, sandboxTools } from "@llm-sandbox/core/tool";
import type { ToolSessions } from "@llm-sandbox/core/tool";
import type { Shell } from "@openai/agents";
import type { SandboxShellOptions } from "../sandbox-shell.ts";
import { checkConversation } from "./agent-tool.ts";

/** Everything that `createSandboxShell` takes for an agent. */
export interface AgentShellOptions extends SandboxShellOptions {
  /** Whose session the commands get: the SDK hands a shell neither the run's context nor its signal. */
  readonly conversation?: string;
}

/** A shell of an agent. Disposing it closes the sessions that it opened. */
export interface AgentShell extends Shell, AsyncDisposable {
  readonly sessions: ToolSessions;
}

/** A shell for `shellTool({ shell })`: each command is a fresh `sh` in the working folder; files stay. It never throws. */
export function createSandboxShell(options: AgentShellOptions = {}): AgentShell {
  checkToolOptions("createSandboxShell", options, ["conversation"]);
  const { conversation, ...more } = options;
  checkConversation(conversation);
  const tools = sandboxTools(more);
  return {
    async run({ commands, timeoutMs, maxOutputLength }) {
      const outputs = await runShellCommands(
        tools.command,
        { commands, timeoutMs, maxOutputLength },
        conversation === undefined ? {} : { conversation },
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
