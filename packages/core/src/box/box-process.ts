import type { Readable } from "node:stream";
import { Writable } from "node:stream";
import { SandboxError } from "../errors.ts";
import type { Channel } from "../stream/channel.ts";
import type { Connection } from "../stream/connection.ts";
import { FrameError } from "../stream/frame.ts";
import { numberField } from "../stream/message.ts";
import { throwIfFailed } from "./operation.ts";
import { OutputReadable } from "./output-readable.ts";
import { readProcessEnd } from "./process-end.ts";
import type { ProcessEnd } from "./process-end.ts";
import { checkSignalName } from "./signal-name.ts";
import type { SignalName } from "./signal-name.ts";
import { ProcessStream } from "./spawn-request.ts";
import type { SpawnRequest } from "./spawn-request.ts";

/** A process in the box whose streams the caller holds; output waits in the box until it is read. */
export class BoxProcess {
  /** Its number inside the box. */
  readonly pid: number;
  /** Closed from the start unless the process was spawned with `stdin: true`. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when it and everything it started are gone and the output has been read; rejects when the box is lost. */
  readonly exit: Promise<ProcessEnd>;
  readonly #channel: Channel;

  private constructor(parts: {
    pid: number;
    channel: Channel;
    exit: Promise<ProcessEnd>;
    stdin: Writable;
    stdout: Readable;
    stderr: Readable;
  }) {
    this.pid = parts.pid;
    this.#channel = parts.channel;
    this.exit = parts.exit;
    this.stdin = parts.stdin;
    this.stdout = parts.stdout;
    this.stderr = parts.stderr;
  }

  /** Resolves once the process runs; rejects with `COMMAND_NOT_FOUND` when there is no such program. */
  static async start(
    connection: Connection,
    request: SpawnRequest,
    signal: AbortSignal | undefined,
  ): Promise<BoxProcess> {
    signal?.throwIfAborted();
    const started = Promise.withResolvers<number>();
    let isStarted = false;
    const stdout = new OutputReadable();
    const stderr = new OutputReadable();
    const outputs = new Map([
      [ProcessStream.stdout as number, stdout],
      [ProcessStream.stderr as number, stderr],
    ]);
    const channel = connection.request(
      { op: "spawn", ...request },
      {
        onData: (stream, data) => outputs.get(stream)?.accept(data),
        onEnd: (stream) => outputs.get(stream)?.finish(),
        onEvent: (event) => {
          if (event["event"] !== "started") return;
          isStarted = true;
          started.resolve(numberField(event, "pid") ?? 0);
        },
      },
    );
    const cancel = (): void => channel.control({ op: "cancel" });
    signal?.addEventListener("abort", cancel, { once: true });
    const exit = (async (): Promise<ProcessEnd> => {
      try {
        const result = await channel.result;
        throwIfFailed(result);
        const end = readProcessEnd(result, channel);
        if (!isStarted && end.status !== "cancelled")
          throw new FrameError("A process ended before it started.");
        return end;
      } catch (cause) {
        const error = connection.judge(cause);
        started.reject(startError(error, request.argv[0] ?? ""));
        for (const output of outputs.values()) output.destroy(error as Error);
        throw error;
      } finally {
        signal?.removeEventListener("abort", cancel);
        // Only for one that was cancelled before it had started; otherwise it is settled already.
        started.reject(signal?.reason);
        for (const output of outputs.values()) output.finish();
      }
    })();
    exit.catch(() => {});
    const stdin = uploadWritable(channel);
    if (request.stdin === "null") stdin.end();
    const pid = await started.promise;
    return new BoxProcess({ pid, channel, exit, stdin, stdout, stderr });
  }

  /** Sends a signal to the process and its group; without a name everything it started is killed. */
  kill(signal?: SignalName): void {
    if (signal !== undefined) checkSignalName(signal);
    this.#channel.control(signal ? { op: "signal", signal } : { op: "cancel" });
  }

  /** Kills it and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    this.stdout.resume();
    this.stderr.resume();
    await this.exit.catch(() => {});
  }
}

/** A Writable that sends what is written on stream 0, by the agent's credit. */
function uploadWritable(channel: Channel): Writable {
  return new Writable({
    highWaterMark: 65_536,
    write: (chunk: Buffer, _encoding, callback) => {
      channel.write(ProcessStream.stdin, chunk).then(() => callback(), callback);
    },
    final: (callback) => {
      channel.end(ProcessStream.stdin);
      callback();
    },
  }).on("error", () => {});
}

function startError(error: unknown, command: string): unknown {
  if (!SandboxError.is(error, "FILE_NOT_FOUND")) return error;
  return new SandboxError("COMMAND_NOT_FOUND", `There is no program ${JSON.stringify(command)} in the box.`, {
    remedy: "Use an image that has it, or an absolute path.",
    cause: error,
  });
}
