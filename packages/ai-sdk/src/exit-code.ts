import { constants } from "node:os";
import type { CommandResult } from "@llm-sandbox/core";

/** As a shell tells it: 124 for a time limit, 128 and more for a signal. */
export function exitCodeOf({
  status,
  exitCode,
  signal,
}: Pick<CommandResult, "status" | "exitCode" | "signal">): number {
  if (exitCode !== null) return exitCode;
  if (status === "timed-out") return 124;
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return 128 + ((signal === null ? undefined : numbers[signal]) ?? constants.signals.SIGKILL);
}
