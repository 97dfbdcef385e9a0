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
  /**
   * Settles when it and everything it started are gone; rejects when the box is lost. A process that ended by itself
   * first hands over all its output, so read it; of one that was killed, what nobody reads within a second is dropped.
   */
  readonly exit: Promise<ProcessEnd>;
  readonly #channel: Channel;
  readonly #ending: Ending;

  private constructor(parts: {
    pid: number;
    channel: Channel;
    ending: Ending;
    exit: Promise<ProcessEnd>;
    stdin: Writable;
    stdout: Readable;
    stderr: Readable;
  }) {
    this.pid = parts.pid;
    this.#channel = parts.channel;
    this.#ending = parts.ending;
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
    const ending = new Ending(channel);
    const cancel = (): void => ending.begin();
    signal?.addEventListener("abort", cancel, { once: true });
    if (request.timeoutMs !== undefined) ending.expectAfter(request.timeoutMs);
    const exit = (async (): Promise<ProcessEnd> => {
      try {
        const result = await channel.ended;
        throwIfFailed(result);
        const end = readProcessEnd(result, channel);
        if (!isStarted && end.status !== "cancelled")
          throw new FrameError("A process ended before it started.");
        return end;
      } catch (cause) {
        const error = connection.judge(cause);
        started.reject(startError(error, request.argv?.[0] ?? ""));
        for (const output of outputs.values()) output.destroy(error as Error);
        throw error;
      } finally {
        signal?.removeEventListener("abort", cancel);
        ending.finish();
        // Only for one that was cancelled before it had started; otherwise it is settled already.
        started.reject(signal?.reason);
        // What has come is still to be read.
        void channel.consumed().then(() => {
          for (const output of outputs.values()) output.finish();
        });
      }
    })();
    exit.catch(() => {});
    const stdin = uploadWritable(channel);
    if (request.stdin === "null") stdin.end();
    const pid = await started.promise;
    return new BoxProcess({ pid, channel, ending, exit, stdin, stdout, stderr });
  }

  /** Sends a signal to the process and its group; without a name everything it started is killed. */
  kill(signal?: SignalName): void {
    if (signal === undefined) return this.#ending.begin();
    checkSignalName(signal);
    this.#channel.control({ op: "signal", signal });
    if (signal === "SIGKILL") this.#ending.expectAfter(0);
  }

  /** Kills it and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    this.stdout.resume();
    this.stderr.resume();
    await this.exit.catch(() => {});
  }
}

/** How long output that nobody reads may hold up the end of a process that was killed, in milliseconds. */
const unreadPatienceMs = 1_000;

/** Sees to it that a process that has been killed ends, also when its output waits for a reader. */
class Ending {
  readonly #channel: Channel;
  #timer: NodeJS.Timeout | undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  begin(): void {
    this.#channel.control({ op: "cancel" });
    this.expectAfter(0);
  }

  /** The process is killed after so many milliseconds, by whomever. */
  expectAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // The second one says that the rest of the output is not wanted either.
      for (let time = 0; time < 2; time += 1) this.#channel.control({ op: "cancel" });
    }, ms + unreadPatienceMs);
  }

  finish(): void {
    clearTimeout(this.#timer);
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
