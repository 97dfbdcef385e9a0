import type { Duplex } from "node:stream";
import { FrameDecoder } from "../stream/frame-decoder.ts";
import { FrameType, encodeFrame, encodeJson } from "../stream/frame.ts";
import type { Frame } from "../stream/frame.ts";
import { decodeMessage, numberField } from "../stream/message.ts";
import type { Message } from "../stream/message.ts";
import { AgentChannel } from "./agent-channel.ts";
import { MemoryFileError } from "./memory-files.ts";
import type { MemoryFiles } from "./memory-files.ts";
import { fileOperations, operationFields } from "./file-operations.ts";

/** Credit that each stream of the host starts with, in bytes. */
const window = 262_144;

export interface ProtocolAgentOptions {
  readonly stream: Duplex;
  /** What HELLO calls it. */
  readonly name: string;
  readonly files: MemoryFiles;
  /** Serves `spawn`; `env` is the environment of HELLO. */
  readonly spawn: (
    channel: AgentChannel,
    request: Message,
    env: Readonly<Record<string, string>>,
  ) => Promise<void>;
  /** Serves `prepare`; its result is sent when the host cancels it. */
  readonly prepare?: (channel: AgentChannel, request: Message) => void;
  /** Called once when the agent has ended: said goodbye, or lost its host. */
  readonly onEnd: () => void;
  /** Runs before HELLO is answered. */
  readonly restore: () => Promise<unknown>;
}

/** The agent's side of docs/protocol.md for boxes whose files are a tree in memory; what a process is, is for `spawn` to say. */
export class ProtocolAgent {
  readonly #options: ProtocolAgentOptions;
  readonly #decoder = new FrameDecoder();
  readonly #channels = new Map<number, AgentChannel>();
  /** The command lines of what was prepared, by its name. */
  readonly #prepared = new Map<unknown, unknown>();
  #hostWindow = 0;
  #env: Readonly<Record<string, string>> = {};
  #lifetime: NodeJS.Timeout | undefined;
  #drain: PromiseWithResolvers<void> | undefined;
  #ended = false;

  constructor(options: ProtocolAgentOptions) {
    this.#options = options;
    const { stream } = options;
    stream.on("data", (chunk: Buffer) => {
      for (const frame of this.#decoder.push(chunk)) if (!this.#ended) this.#receive(frame);
    });
    stream.on("drain", () => this.#drained());
    stream.on("end", () => this.stop());
    stream.on("error", () => this.stop());
    stream.on("close", () => this.stop());
  }

  /** Ends everything at once, without a word. */
  stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#lifetime);
    for (const channel of this.#channels.values()) channel.abandon();
    this.#drained();
    this.#options.stream.end();
    this.#options.onEnd();
  }

  #receive(frame: Frame): void {
    const payload = Buffer.from(frame.payload);
    const message = (): Message => decodeMessage(payload);
    switch (frame.type) {
      case FrameType.hello:
        return void this.#greet(message());
      case FrameType.ping:
        return void this.#send(encodeFrame(FrameType.pong, 0, payload));
      case FrameType.goodbye:
        return this.#leave("close");
      case FrameType.open:
        return this.#open(frame.channel, message());
      case FrameType.close:
        return void this.#channels.delete(frame.channel);
      default:
        this.#channels.get(frame.channel)?.receive(frame, payload, message);
    }
  }

  async #greet(hello: Message): Promise<void> {
    this.#hostWindow = numberField(hello, "window") ?? 0;
    this.#env = hello["env"] as Record<string, string>;
    const lifetimeMs = numberField(hello, "lifetimeMs");
    if (lifetimeMs !== null) {
      this.#lifetime = setTimeout(() => this.#leave("lifetime"), lifetimeMs).unref();
    }
    await this.#options.restore();
    const { arch } = process;
    const self = {
      version: 1,
      window,
      agent: this.#options.name,
      mode: "same-uid",
      arch,
      pid: 1,
      seccomp: false,
    };
    void this.#send(encodeJson(FrameType.hello, 0, { ...self, memoryEvents: false }));
  }

  #leave(reason: string): void {
    void this.#send(encodeJson(FrameType.goodbye, 0, { reason }));
    this.stop();
  }

  #open(id: number, request: Message): void {
    const channel = new AgentChannel(id, {
      hostWindow: this.#hostWindow,
      send: (frame) => this.#send(frame),
    });
    this.#channels.set(id, channel);
    this.#serve(channel, request).catch((error: unknown) => {
      const { code, path } = error as Partial<MemoryFileError>;
      channel.result({
        error: { code: code ?? "EPROTO", message: (error as Error).message, ...(path ? { path } : {}) },
      });
    });
  }

  async #serve(channel: AgentChannel, request: Message): Promise<void> {
    const operation = String(request["op"]);
    const known = Object.hasOwn(operationFields, operation) ? operationFields[operation] : undefined;
    const stray = Object.keys(request).find((name) => name !== "op" && !known?.includes(name));
    if (!known || stray !== undefined) throw new Error(`unknown operation or field: ${stray ?? operation}`);
    if (operation === "spawn") {
      const argv = request["argv"] ?? this.#prepared.get(request["from"]);
      if (argv === undefined) throw new Error("argv is missing");
      return this.#options.spawn(channel, { ...request, argv }, this.#env);
    }
    if (operation === "prepare") return this.#prepare(channel, request);
    const cancelled = new Promise<never>((_resolve, reject) => {
      const stop = (): void => reject(new MemoryFileError("ECANCELED", "", "cancelled"));
      channel.cancelled.addEventListener("abort", stop, { once: true });
    });
    // Its own end aborts a channel too, when nobody waits any more.
    cancelled.catch(() => {});
    const { files } = this.#options;
    channel.result(await Promise.race([fileOperations[operation]!(channel, request, files), cancelled]));
  }

  /** The channel lives until it is cancelled. */
  async #prepare(channel: AgentChannel, request: Message): Promise<void> {
    this.#prepared.set(request["name"], request["argv"]);
    this.#options.prepare?.(channel, request);
    channel.event({ event: "ready" });
    channel.cancelled.addEventListener("abort", () =>
      channel.result({ reason: "cancelled", exitCode: null, signal: null }),
    );
  }

  #send(frame: Buffer): Promise<void> | undefined {
    if (this.#ended || this.#options.stream.write(frame)) return undefined;
    this.#drain ??= Promise.withResolvers<void>();
    return this.#drain.promise;
  }

  #drained(): void {
    this.#drain?.resolve();
    this.#drain = undefined;
  }
}
