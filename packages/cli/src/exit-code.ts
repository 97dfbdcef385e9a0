import { constants } from "node:os";
import type { CommandResult } from "@llm-sandbox/core";

/** The exit code a shell would see: the program's own, 124 after a timeout, 137 out of memory, 128 + n after signal n. */
export function exitCodeOf({
  status,
  exitCode,
  signal,
}: Pick<CommandResult, "status" | "exitCode" | "signal">): number {
  if (status === "timed-out") return 124;
  if (status === "out-of-memory") return 137;
  if (status === "cancelled") return 130;
  if (exitCode !== null) return exitCode;
  return signal === null ? 1 : 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
}
