import type { Duplex } from "node:stream";
import { SandboxError } from "../errors.ts";
import { closedError } from "../session-errors.ts";
import { BatchedWriter } from "./batched-writer.ts";
import { Channel } from "./channel.ts";
import type { ChannelHandlers, ChannelPort } from "./channel.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import {
  FrameError,
  FrameType,
  encodeCredit,
  encodeEnd,
  encodeFrame,
  encodeJson,
  maxChannel,
  maxPayloadBytes,
} from "./frame.ts";
import type { Frame } from "./frame.ts";
import { decodeMessage, numberField, stringField } from "./message.ts";
import type { Message } from "./message.ts";

/** The only version of the protocol there is. */
export const protocolVersion = 1;
/** Credit that every stream from the agent starts with, in bytes: enough to keep a fast stream full. */
const receiveWindow = 4 * 1_048_576;
/** The smallest and largest window that an agent may name. */
const sendWindowBounds = { least: 4_096, most: 16_777_216 };
/** How often a quiet connection is asked whether it still answers. */
const pingEveryMs = 10_000;
const pingBytes = 8;
/** Unanswered pings after which the box counts as lost. */
const missedPings = 3;

export interface ConnectOptions {
  /** The host's HELLO without `version` and `window`. */
  readonly hello: object;
  readonly signal?: AbortSignal | undefined;
  /** How long the agent may take to answer. */
  readonly timeoutMs: number;
  /** Called once when the connection ends by itself, with why. */
  readonly onLost?: (error: SandboxError) => void;
}

/** Many operations over one byte stream to an agent, every frame of which is checked. */
export class Connection {
  /** What the agent said of itself. */
  readonly agent: Message;
  readonly #wire: Wire;

  private constructor(wire: Wire, agent: Message) {
    this.#wire = wire;
    this.agent = agent;
  }

  /** Exchanges HELLO. Rejects with a SandboxError, or with the signal's reason; the stream is destroyed then. */
  static async open(stream: Duplex, options: ConnectOptions): Promise<Connection> {
    const wire = new Wire(stream, options.onLost);
    const timer = setTimeout(() => {
      wire.fail(
        new SandboxError("BOX_START_FAILED", `The agent did not answer within ${options.timeoutMs} ms.`, {
          remedy: "Try again; if it stays so, look at the engine's load and its log.",
        }),
      );
    }, options.timeoutMs);
    const abort = (): void => wire.fail(options.signal!.reason as Error);
    options.signal?.addEventListener("abort", abort, { once: true });
    try {
      options.signal?.throwIfAborted();
      wire.send(
        encodeRequest(FrameType.hello, 0, {
          version: protocolVersion,
          window: receiveWindow,
          ...options.hello,
        }),
      );
      return new Connection(wire, await wire.hello);
    } catch (error) {
      wire.fail(error as Error);
      throw error;
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
    }
  }

  /** Starts an operation. Throws when the connection is lost. */
  request(operation: object, handlers: ChannelHandlers = {}): Channel {
    return this.#wire.open(operation, handlers);
  }

  /** Why the connection ended, or undefined while it lives. */
  get failure(): Error | undefined {
    return this.#wire.failure;
  }

  /** Requests can be made: it is neither lost nor closing. */
  get isOpen(): boolean {
    return this.#wire.isOpen;
  }

  /** Asks the agent to end the box. Resolves when it has said that it does, or when the connection is lost. */
  goodbye(reason = "close"): Promise<void> {
    return this.#wire.goodbye(reason);
  }

  /** Cuts the connection: every operation under way rejects with the error. */
  abandon(error: Error): void {
    this.#wire.fail(error);
  }

  /** Ends the connection for a message that the protocol does not allow. Returns the error to throw; others come back as they are. */
  judge(error: unknown): unknown {
    return error instanceof FrameError ? this.#wire.violation(error) : error;
  }
}

class Wire implements ChannelPort {
  readonly receiveWindow = receiveWindow;
  sendWindow = 0;
  failure: Error | undefined;
  readonly hello: Promise<Message>;
  readonly #hello = Promise.withResolvers<Message>();
  readonly #stream: Duplex;
  readonly #decoder = new FrameDecoder();
  readonly #channels = new Map<number, Channel>();
  readonly #onLost: ((error: SandboxError) => void) | undefined;
  readonly #ended = Promise.withResolvers<void>();
  readonly #writer: BatchedWriter;
  #lastChannel = 0;
  #greeted = false;
  #leaving = false;

  get isOpen(): boolean {
    return this.failure === undefined && !this.#leaving;
  }
  #pinger: NodeJS.Timeout | undefined;
  #openPings = 0;
  #pingNumber = 0n;

  constructor(stream: Duplex, onLost: ((error: SandboxError) => void) | undefined) {
    this.#stream = stream;
    this.#onLost = onLost;
    this.hello = this.#hello.promise;
    this.hello.catch(() => {});
    this.#writer = new BatchedWriter(stream);
    stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    stream.on("error", (cause) => this.#lose("The connection to the box broke.", cause));
    stream.on("end", () => this.#lose("The box ended."));
    stream.on("close", () => this.#lose("The box ended."));
  }

  send(frame: Buffer): Promise<void> | undefined {
    return this.failure ? undefined : this.#writer.write(frame);
  }

  open(operation: object, handlers: ChannelHandlers): Channel {
    if (this.failure) throw this.failure;
    if (this.#leaving) throw closedError();
    if (this.#lastChannel === maxChannel) {
      throw new SandboxError("LIMIT_REACHED", "The session has run out of channel numbers.", {
        remedy: "Open a new session.",
      });
    }
    const channel = new Channel(++this.#lastChannel, this, handlers);
    const frame = encodeRequest(FrameType.open, channel.id, operation);
    this.#channels.set(channel.id, channel);
    void this.send(frame);
    return channel;
  }

  sendData(channel: number, stream: number, data: Uint8Array): Promise<void> | undefined {
    return this.failure ? undefined : this.#writer.writeData(channel, stream, data);
  }

  sendEnd(channel: number, stream: number): void {
    void this.send(encodeEnd(channel, stream));
  }

  sendCredit(channel: number, stream: number, bytes: number): void {
    void this.send(encodeCredit(channel, stream, bytes));
  }

  sendControl(channel: number, control: object): void {
    void this.send(encodeJson(FrameType.control, channel, control));
  }

  async goodbye(reason: string): Promise<void> {
    if (this.failure) return;
    this.#leaving = true;
    // The agent still reports what it kills; whether that comes before its goodbye must not decide how a run ends.
    for (const channel of this.#channels.values()) channel.fail(closedError());
    this.#channels.clear();
    void this.send(encodeJson(FrameType.goodbye, 0, { reason }));
    await this.#ended.promise;
  }

  fail(error: Error): void {
    if (this.failure) return;
    this.failure = error;
    clearInterval(this.#pinger);
    this.#hello.reject(error);
    this.#writer.release();
    for (const channel of this.#channels.values()) channel.fail(error);
    this.#channels.clear();
    this.#stream.destroy();
    this.#ended.resolve();
  }

  #lose(message: string, cause?: unknown): void {
    if (this.failure) return;
    if (this.#leaving) return this.fail(closedError());
    const error = new SandboxError("BOX_LOST", message, {
      remedy: "Open a new session; what was in this one is gone.",
      ...(cause === undefined ? {} : { cause }),
    });
    this.fail(error);
    if (this.#greeted) this.#onLost?.(error);
  }

  violation(cause: FrameError): SandboxError {
    const error = new SandboxError("PROTOCOL_ERROR", `The box broke the protocol: ${cause.message}`, {
      remedy: "The box was ended. Open a new session, and treat what ran in it as hostile.",
      cause,
    });
    if (!this.failure) {
      this.fail(error);
      if (this.#greeted) this.#onLost?.(error);
    }
    return error;
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#decoder.push(chunk)) {
        if (this.failure) return;
        this.#dispatch(frame);
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.violation(error);
    }
  }

  #dispatch(frame: Frame): void {
    if (!this.#greeted && frame.type !== FrameType.hello && frame.type !== FrameType.goodbye) {
      throw new FrameError("The first frame is no HELLO.");
    }
    if (frame.channel === 0) return this.#dispatchConnection(frame);
    if (this.#leaving) return;
    const channel = this.#channels.get(frame.channel);
    if (!channel) throw new FrameError(`Channel ${frame.channel} is not open.`);
    switch (frame.type) {
      case FrameType.data:
        return channel.receiveData(frame.stream, frame.payload);
      case FrameType.end:
        return channel.receiveEnd(frame.payload);
      case FrameType.credit:
        return channel.receiveCredit(Buffer.from(frame.payload));
      case FrameType.event:
        return channel.receiveEvent(decodeMessage(frame.payload));
      case FrameType.result: {
        const result = decodeMessage(frame.payload);
        this.#channels.delete(channel.id);
        void this.send(encodeFrame(FrameType.close, channel.id, new Uint8Array()));
        return channel.receiveResult(result);
      }
      default:
        throw new FrameError(`A frame of type ${frame.type} is not the agent's to send on a channel.`);
    }
  }

  #dispatchConnection(frame: Frame): void {
    switch (frame.type) {
      case FrameType.hello:
        return this.#greet(decodeMessage(frame.payload));
      case FrameType.pong:
        if (this.#openPings === 0) throw new FrameError("A PONG came without a PING.");
        if (frame.payload.length !== pingBytes) throw new FrameError("A PONG is not the PING's bytes.");
        this.#openPings = 0;
        return;
      case FrameType.goodbye: {
        const reason = stringField(decodeMessage(frame.payload), "reason", 200) ?? "unknown";
        return this.#lose(goodbyeText(reason));
      }
      default:
        throw new FrameError(`A frame of type ${frame.type} is not the agent's to send.`);
    }
  }

  #greet(hello: Message): void {
    if (this.#greeted) throw new FrameError("A second HELLO.");
    if (hello["version"] !== protocolVersion) throw new FrameError("The agent speaks another version.");
    const window = numberField(hello, "window");
    const { least, most } = sendWindowBounds;
    if (window === null || !Number.isInteger(window) || window < least || window > most) {
      throw new FrameError("The agent's window is impossible.");
    }
    this.sendWindow = window;
    this.#greeted = true;
    this.#pinger = setInterval(() => this.#ping(), pingEveryMs);
    this.#pinger.unref();
    this.#hello.resolve(hello);
  }

  #ping(): void {
    if (this.#openPings >= missedPings) return this.#lose("The box does not answer any more.");
    this.#openPings += 1;
    const payload = Buffer.alloc(pingBytes);
    payload.writeBigUInt64BE(++this.#pingNumber);
    void this.send(encodeFrame(FrameType.ping, 0, payload));
  }
}

/** A request that the caller has made too large is the caller's error. */
function encodeRequest(type: number, channel: number, request: object): Buffer {
  try {
    return encodeJson(type, channel, request);
  } catch (cause) {
    if (!(cause instanceof FrameError)) throw cause;
    throw new SandboxError("INVALID_OPTION", "The command, its variables and paths are too large together.", {
      remedy: `They may have ${maxPayloadBytes} bytes: pass large values in a file, or on standard input.`,
      cause,
    });
  }
}

function goodbyeText(reason: string): string {
  if (reason === "lifetime") return "The box reached its maximum lifetime.";
  if (reason === "heartbeat") return "The box heard nothing from this program for too long and ended.";
  return `The box ended itself (${JSON.stringify(reason)}).`;
}
