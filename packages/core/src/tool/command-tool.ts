import { resolveLanguage } from "./code-tool.ts";
import { commandProblem } from "./command-problem.ts";
import { describeCommand } from "./describe-code.ts";
import type { Described } from "./describe-code.ts";
import { resultText } from "./result-text.ts";
import { defineTool, timeoutArgument, whoseArgument } from "./sandbox-tool.ts";
import type { SandboxTool, ToolSettings, ToolWork } from "./sandbox-tool.ts";
import { shorten } from "./shorten.ts";
import { afterNotices, nothingRan } from "./tool-outcome.ts";
import type { ToolOutcome, ToolStatus } from "./tool-outcome.ts";

/** The tool that runs shell commands beside the code. */
export function commandTool(settings: ToolSettings, described: Described): SandboxTool {
  const { languages } = settings.sessions;
  return defineTool(
    {
      name: "execute_command",
      title: "Run a command in a sandbox",
      description: describeCommand(described),
      readOnly: false,
      arguments: [
        {
          name: "command",
          kind: "text",
          required: true,
          description: "The command line.",
          most: 100_000,
        },
        timeoutArgument(settings.maxTimeoutMs),
        ...whoseArgument(languages, resolveLanguage),
      ],
      run: runCommand,
    },
    settings,
  );
}

async function runCommand(work: ToolWork): Promise<ToolOutcome> {
  const { live, values, timeoutMs, maxOutputLength, signal, onOutput } = work;
  const problem = commandProblem(values["command"]);
  if (problem !== undefined) {
    return afterNotices(nothingRan("refused", `Nothing was run. ${problem}`), work.notices);
  }
  const { result, files, together } = await live.watch.during(async () => {
    const ran = await live.session.executeCommand(values["command"] as string, {
      timeoutMs,
      ...(signal ? { signal } : {}),
      ...(onOutput ? { onOutput } : {}),
    });
    if (ran.status === "cancelled") throw signal?.reason ?? new Error("Cancelled.");
    return ran;
  });
  const told = {
    result,
    images: [],
    files,
    together,
    notices: work.notices,
    forgot: false,
    timeoutMs,
    memoryBytes: live.session.facts.limits.memoryBytes,
  };
  return {
    text: resultText(told, maxOutputLength),
    status: result.status as ToolStatus,
    notices: work.notices,
    stdout: shorten(result.stdout, maxOutputLength),
    stderr: shorten(result.stderr, maxOutputLength),
    exitCode: result.exitCode,
    value: null,
    error: null,
    images: [],
    files,
    durationMs: result.durationMs,
  };
}
