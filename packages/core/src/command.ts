import { SandboxError } from "./errors.ts";
import type { CommandResult } from "./execution.ts";
import { invalid } from "./option-checks.ts";
import { checkArguments } from "./run-options.ts";

/** The argument vector of a command: a string is the shell's. Throws `INVALID_OPTION` for what no system can start. */
export function commandLine(command: string | readonly string[]): readonly string[] {
  if (typeof command === "string") {
    checkArguments([command], "command");
    return ["/bin/sh", "-c", command];
  }
  checkArguments(command, "command");
  if (command.length === 0 || command[0] === "") throw invalid("The command is empty.");
  return command;
}

/** A command that is not there ends as in a shell: exit code 127 and a message, for a model to read. */
export async function commandResult(
  argv: readonly string[],
  running: Promise<CommandResult>,
): Promise<CommandResult> {
  try {
    return await running;
  } catch (error) {
    const code = SandboxError.is(error) ? error.details["code"] : undefined;
    if (code === "ENOENT") return failure(127, `${argv[0]}: command not found\n`);
    if (code === "EACCES" || code === "ENOEXEC") return failure(126, `${argv[0]}: cannot be executed\n`);
    throw error;
  }
}

function failure(exitCode: number, stderr: string): CommandResult {
  return {
    status: "failed",
    exitCode,
    signal: null,
    stdout: "",
    stderr,
    truncated: {
      stdout: { bytes: 0, omittedBytes: 0 },
      stderr: { bytes: Buffer.byteLength(stderr), omittedBytes: 0 },
    },
    durationMs: 0,
    usage: { cpuMs: null, peakMemoryBytes: null },
  };
}
