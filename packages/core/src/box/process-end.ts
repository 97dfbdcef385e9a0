import type { CommandResult, Status, Usage } from "../execution.ts";
import type { Channel } from "../stream/channel.ts";
import { FrameError } from "../stream/frame.ts";
import { asMessage, numberField, stringField } from "../stream/message.ts";
import type { Message } from "../stream/message.ts";

/** How a process ended, without its output. */
export type ProcessEnd = Pick<CommandResult, "status" | "exitCode" | "signal" | "durationMs" | "usage">;

const statuses: Readonly<Record<string, Status>> = {
  "timed-out": "timed-out",
  cancelled: "cancelled",
  "out-of-memory": "out-of-memory",
};

/** Reads the RESULT of a `spawn`; throws FrameError when it cannot be one, or when output is missing. */
export function readProcessEnd(result: Message, channel: Channel): ProcessEnd {
  const exitCode = numberField(result, "exitCode");
  const signal = stringField(result, "signal", 32);
  const reason = stringField(result, "reason", 32) ?? "";
  if (reason !== "exited" && !Object.hasOwn(statuses, reason)) {
    throw new FrameError("A process ended for no known reason.");
  }
  checkBytes(result, channel);
  const usage: Usage = {
    cpuMs: numberField(result, "cpuMs"),
    peakMemoryBytes: numberField(result, "peakMemoryBytes"),
  };
  const status = reason === "exited" ? (exitCode === 0 ? "ok" : "failed") : statuses[reason]!;
  return { status, exitCode, signal, durationMs: numberField(result, "wallMs") ?? 0, usage };
}

/** The agent says how much it sent; engines have been seen to lose the end of an output. */
function checkBytes(result: Message, channel: Channel): void {
  const bytes = asMessage(result["bytes"] ?? {});
  for (const stream of [1, 2, 3]) {
    if ((numberField(bytes, String(stream)) ?? 0) !== channel.received(stream)) {
      throw new FrameError(`Output was lost on stream ${stream}.`);
    }
  }
}
