import { shorten } from "@llm-sandbox/core/tool";
import type { SandboxTool, ToolCallOptions, ToolOutcome } from "@llm-sandbox/core/tool";

/** What a model asks of a shell. */
export interface ShellRequest {
  readonly commands: unknown;
  /** For all commands together. */
  readonly timeoutMs?: number | null | undefined;
  /** Characters of each command's output. */
  readonly maxOutputLength?: number | null | undefined;
}

/** What came of one command. */
export interface ShellOutput {
  readonly stdout: string;
  readonly stderr: string;
  /** A number, or that the time was over. */
  readonly exitCode: number | "timeout";
}

/** Statuses of a command after which the next one is run. */
const goOn: ReadonlySet<string> = new Set(["ok", "failed", "refused"]);

/** Runs the commands one after the other, each in a fresh shell, until one takes too long or there is no sandbox any more. */
export async function runShellCommands(
  command: SandboxTool,
  { commands, timeoutMs, maxOutputLength }: ShellRequest,
  options: ToolCallOptions,
): Promise<ShellOutput[]> {
  if (!Array.isArray(commands) || commands.length === 0) {
    return [{ stdout: "", stderr: "Nothing was run: there are no commands.", exitCode: 1 }];
  }
  const deadline = typeof timeoutMs === "number" ? performance.now() + timeoutMs : undefined;
  const outputs: ShellOutput[] = [];
  for (const [index, line] of (commands as readonly unknown[]).entries()) {
    const left = deadline === undefined ? undefined : Math.max(1, Math.ceil(deadline - performance.now()));
    const outcome = await command.call({ command: line, timeout_ms: left }, options);
    const output = shellOutput(outcome, maxOutputLength ?? undefined);
    const goesOn = goOn.has(outcome.status);
    const rest = goesOn || index === commands.length - 1 ? "" : "[The commands after this one were not run.]";
    outputs.push({ ...output, stderr: [output.stderr, rest].filter((part) => part !== "").join("\n") });
    if (!goesOn) break;
  }
  return outputs;
}

function shellOutput(outcome: ToolOutcome, most = Number.POSITIVE_INFINITY): ShellOutput {
  const { status, exitCode, stdout } = outcome;
  return {
    stdout: shorten(stdout, most),
    stderr: shorten(errorText(outcome), most),
    exitCode: status === "timed-out" ? "timeout" : (exitCode ?? (status === "out-of-memory" ? 137 : 1)),
  };
}

/** Standard error, and what else the model has to know: there is no other place for it. */
function errorText({ status, text, stderr, stdout, exitCode, notices }: ToolOutcome): string {
  const nothingRan = stdout === "" && stderr === "" && exitCode === null && status !== "timed-out";
  if (nothingRan) return text;
  const end = exitCode === null ? text.slice(text.lastIndexOf("\n") + 1) : "";
  return [...notices.map((notice) => `[${notice}]`), stderr, end].filter((part) => part !== "").join("\n");
}
