import { ownLine } from "./own-words.ts";
import type { SandboxTool, ToolCallOptions } from "./sandbox-tool.ts";
import type { ToolOutcome } from "./tool-outcome.ts";

/** What a model asks of a shell. */
export interface ShellRequest {
  readonly commands: unknown;
  /** For all commands together. */
  readonly timeoutMs?: number | null | undefined;
  /** Characters of each command's output. */
  readonly maxOutputLength?: number | null | undefined;
}

/** What came of one command, in words for a model. */
export interface ShellCommandOutput {
  readonly stdout: string;
  readonly stderr: string;
  /** A number, or that the time was over. */
  readonly exitCode: number | "timeout";
  /** Whether the command itself gave `exitCode`; otherwise nothing ran, or something else ended it, as `stderr` says. */
  readonly exited: boolean;
}

/** Statuses of a command after which the next one is run. */
const goOn: ReadonlySet<string> = new Set(["ok", "failed", "refused"]);

/** Runs the commands one after the other, each in a fresh shell, until one takes too long or there is no sandbox any more. */
export async function runShellCommands(
  command: SandboxTool,
  { commands, timeoutMs, maxOutputLength }: ShellRequest,
  options: ToolCallOptions,
): Promise<ShellCommandOutput[]> {
  if (!Array.isArray(commands) || commands.length === 0) {
    return [
      { stdout: "", stderr: ownLine("Nothing was run: there are no commands."), exitCode: 1, exited: false },
    ];
  }
  const deadline = typeof timeoutMs === "number" ? performance.now() + timeoutMs : undefined;
  const outputs: ShellCommandOutput[] = [];
  for (const [index, line] of (commands as readonly unknown[]).entries()) {
    const left = deadline === undefined ? undefined : Math.max(1, Math.ceil(deadline - performance.now()));
    const wanted =
      typeof maxOutputLength === "number" ? { maxOutputLength: Math.max(0, maxOutputLength) } : {};
    const outcome = await command.call({ command: line, timeout_ms: left }, { ...options, ...wanted });
    const output = shellOutput(outcome, timeoutMs ?? undefined);
    const goesOn = goOn.has(outcome.status);
    const rest =
      goesOn || index === commands.length - 1 ? [] : [ownLine("The commands after this one were not run.")];
    outputs.push({ ...output, stderr: joined([output.stderr, ...rest]) });
    if (!goesOn) break;
  }
  return outputs;
}

function shellOutput(outcome: ToolOutcome, timeoutMs: number | undefined): ShellCommandOutput {
  const { status, exitCode, stdout } = outcome;
  return {
    stdout,
    stderr: errorText(outcome, timeoutMs),
    exitCode: status === "timed-out" ? "timeout" : (exitCode ?? (status === "out-of-memory" ? 137 : 1)),
    exited: status !== "timed-out" && exitCode !== null,
  };
}

/** Standard error, and what else the model has to know: there is no other place for it. */
function errorText(
  { status, text, stderr, stdout, exitCode, notices }: ToolOutcome,
  timeoutMs: number | undefined,
): string {
  const nothingRan = stdout === "" && stderr === "" && exitCode === null && status !== "timed-out";
  if (nothingRan) return text;
  const isOver = status === "timed-out" && timeoutMs !== undefined;
  const end = isOver
    ? ownLine(`Stopped: the time limit of all commands of this call together, ${timeoutMs} ms, was over.`)
    : exitCode === null
      ? text.slice(text.lastIndexOf("\n") + 1)
      : "";
  return joined([...notices.map(ownLine), stderr, end]);
}

function joined(parts: readonly string[]): string {
  return parts
    .filter((part) => part !== "")
    .map((part, index, all) => (index < all.length - 1 ? part.replace(/\n$/, "") : part))
    .join("\n");
}
