import type { CommandResult } from "../execution.ts";
import { invalid } from "../option-checks.ts";
import type { Channel } from "../stream/channel.ts";
import type { Connection } from "../stream/connection.ts";
import type { Message } from "../stream/message.ts";
import type { Guard } from "./guard.ts";
import { failureCode, throwIfFailed } from "./operation.ts";
import { Outputs } from "./outputs.ts";
import type { OutputListener } from "./outputs.ts";
import { readProcessEnd } from "./process-end.ts";
import { ProcessStream } from "./spawn-request.ts";
import type { SpawnRequest } from "./spawn-request.ts";

export interface ExecuteOptions {
  /** A source that breaks cancels the run, which rejects with the source's error. */
  readonly input?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onOutput?: OutputListener | undefined;
  readonly maxOutputBytes: number;
  /** Ends the box when the agent does not keep the time limit. */
  readonly guard: Guard;
  /** Bytes of the structured stream. */
  readonly onStructured?: (data: Uint8Array) => void;
  /** Called once the request is sent, to write the job. */
  readonly onChannel?: (channel: Channel) => void;
}

/** Runs a process to its end and keeps its output. Rejects with the operation's SandboxError when it could not start. */
export async function execute(
  connection: Connection,
  request: Omit<SpawnRequest, "stdin">,
  options: ExecuteOptions,
): Promise<CommandResult> {
  if (options.signal?.aborted) return neverStarted();
  const outputs = new Outputs(options, () => channel.control({ op: "cancel" }));
  const channel = connection.request(
    { op: "spawn", ...request, stdin: options.input === undefined ? "null" : "stream" },
    {
      onData: (stream, data) =>
        stream === ProcessStream.structured ? options.onStructured?.(data) : outputs.push(stream, data),
      onEnd: (stream) => outputs.end(stream),
    },
  );
  options.guard.waitsForHost = () => outputs.untaken > 0;
  let endedByItself = false;
  channel.ended.then(
    (result) => {
      endedByItself = result["reason"] === "exited";
    },
    () => {},
  );
  // A program that has ended in time has its listener's time; one that was ended has not.
  options.guard.giveUpHost = () => {
    if (!endedByItself) outputs.abandon();
  };
  const cancel = (): void => {
    channel.control({ op: "cancel" });
    options.guard.arm(0);
  };
  options.signal?.addEventListener("abort", cancel, { once: true });
  if (request.timeoutMs !== undefined) options.guard.arm(request.timeoutMs);
  try {
    options.onChannel?.(channel);
    let brokenInput: { readonly error: unknown } | undefined;
    if (options.input !== undefined) {
      sendInput(channel, options.input).catch((error: unknown) => {
        if (!channel.open) return;
        brokenInput = { error };
        cancel();
      });
    }
    const result = await channel.result;
    if (brokenInput) throw brokenInput.error;
    return await finish(channel, result, outputs);
  } catch (error) {
    throw connection.judge(error);
  } finally {
    options.guard.disarm();
    options.signal?.removeEventListener("abort", cancel);
  }
}

async function finish(channel: Channel, result: Message, outputs: Outputs): Promise<CommandResult> {
  if (failureCode(result) === "ECANCELED") return neverStarted();
  throwIfFailed(result);
  await outputs.settled;
  if (outputs.failure) throw outputs.failure.error;
  return { ...readProcessEnd(result, channel), ...outputs.captured() };
}

/** Sends standard input as the program reads it; a program may end without reading all of it. */
async function sendInput(channel: Channel, input: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
  if (input instanceof Uint8Array) await channel.write(ProcessStream.stdin, input);
  else {
    for await (const chunk of input) {
      // Leaving the loop lets go of a source that would never end.
      if (!channel.open) return;
      if (!(chunk instanceof Uint8Array)) throw invalid("stdin is a source of something else than bytes.");
      await channel.write(ProcessStream.stdin, chunk);
    }
  }
  channel.end(ProcessStream.stdin);
}

function neverStarted(): CommandResult {
  const none = { bytes: 0, omittedBytes: 0 };
  return {
    status: "cancelled",
    exitCode: null,
    signal: null,
    stdout: "",
    stderr: "",
    truncated: { stdout: none, stderr: none },
    durationMs: 0,
    usage: { cpuMs: null, peakMemoryBytes: null },
  };
}
