import { FrameError, maxDataBytes } from "./frame.ts";
import { Incoming } from "./incoming.ts";
import type { Message } from "./message.ts";

/** What the owner of a channel is told. */
export interface ChannelHandlers {
  /** The data are valid during the call only. A returned promise holds back further credit until it settles. */
  onData?(stream: number, data: Uint8Array): void | Promise<void>;
  onEnd?(stream: number): void;
  onEvent?(event: Message): void;
}

/** What a channel needs of its connection. */
export interface ChannelPort {
  /** The credit each stream of the peer starts with, in bytes. */
  readonly receiveWindow: number;
  /** The credit each stream of ours starts with, in bytes. */
  readonly sendWindow: number;
  /** Resolves when the transport takes more. */
  sendData(channel: number, stream: number, data: Uint8Array): Promise<void> | undefined;
  sendEnd(channel: number, stream: number): void;
  sendCredit(channel: number, stream: number, bytes: number): void;
  sendControl(channel: number, control: object): void;
}

/** Streams that the agent may send on. */
const incomingStreams = [1, 2, 3];
/** More events than any operation sends; a flood of them needs no credit, so it is counted. */
const mostEvents = 10_000;

interface Outgoing {
  credit: number;
  ended: boolean;
  waiting: (() => void)[];
}

/** One operation on a connection: its data both ways, its events and its one result. */
export class Channel {
  readonly id: number;
  /** The agent's last word on the operation, once all data before it were consumed; rejects when the connection is lost first. */
  readonly result: Promise<Message>;
  /** The same as soon as it has come, whether or not anybody has consumed the data. */
  readonly ended: Promise<Message>;
  readonly #port: ChannelPort;
  readonly #handlers: ChannelHandlers;
  readonly #incoming = new Map<number, Incoming>();
  readonly #outgoing = new Map<number, Outgoing>();
  readonly #settle: PromiseWithResolvers<Message> = Promise.withResolvers();
  readonly #arrive: PromiseWithResolvers<Message> = Promise.withResolvers();
  #events = 0;
  #open = true;
  #failure: Error | undefined;

  constructor(id: number, port: ChannelPort, handlers: ChannelHandlers) {
    this.id = id;
    this.#port = port;
    this.#handlers = handlers;
    this.result = this.#settle.promise;
    this.ended = this.#arrive.promise;
    this.result.catch(() => {});
    this.ended.catch(() => {});
  }

  /** False once the result is there or the connection is lost. */
  get open(): boolean {
    return this.#open;
  }

  /** Bytes received on a stream so far. */
  received(stream: number): number {
    return this.#incoming.get(stream)?.received ?? 0;
  }

  /**
   * Sends data, waiting for the agent's credit. Resolves when the last piece is handed to the transport;
   * data for an operation that has ended are dropped. Rejects when the connection is lost.
   */
  async write(stream: number, data: Uint8Array): Promise<void> {
    const outgoing = this.#outgoingOf(stream);
    let rest = data;
    while (rest.length > 0) {
      while (this.#open && outgoing.credit === 0) {
        await new Promise<void>((resolve) => outgoing.waiting.push(resolve));
      }
      if (this.#failure) throw this.#failure;
      if (!this.#open || outgoing.ended) return;
      const size = Math.min(rest.length, outgoing.credit, maxDataBytes);
      outgoing.credit -= size;
      const drained = this.#port.sendData(this.id, stream, rest.subarray(0, size));
      rest = rest.subarray(size);
      if (drained) await drained;
    }
  }

  /** Says that no more data come on a stream. */
  end(stream: number): void {
    const outgoing = this.#outgoingOf(stream);
    if (!this.#open || outgoing.ended) return;
    outgoing.ended = true;
    this.#port.sendEnd(this.id, stream);
  }

  /** Sends a CONTROL message; nothing happens when the operation has ended. */
  control(message: object): void {
    if (this.#open) this.#port.sendControl(this.id, message);
  }

  /** Resolves when everything that was received so far is consumed. */
  async consumed(): Promise<void> {
    await Promise.all([...this.#incoming.values()].map((incoming) => incoming.consumed()));
  }

  /** For the connection: a DATA frame. */
  receiveData(stream: number, data: Uint8Array): void {
    this.#incomingOf(stream).receive(data);
  }

  /** For the connection: an END frame. */
  receiveEnd(payload: Uint8Array): void {
    if (payload.length !== 1) throw new FrameError("An END frame is not one byte.");
    this.#incomingOf(payload[0]!).end();
  }

  /** For the connection: a CREDIT frame. */
  receiveCredit(payload: Buffer): void {
    if (payload.length !== 5) throw new FrameError("A CREDIT frame is not five bytes.");
    const outgoing = this.#outgoingOf(payload[0]!);
    const bytes = payload.readUInt32BE(1);
    if (bytes === 0 || outgoing.credit + bytes > this.#port.sendWindow) {
      throw new FrameError("Credit was granted beyond the window.");
    }
    outgoing.credit += bytes;
    for (const resume of outgoing.waiting.splice(0)) resume();
  }

  /** For the connection: an EVENT frame. */
  receiveEvent(event: Message): void {
    if (++this.#events > mostEvents) throw new FrameError("Too many events on one channel.");
    this.#handlers.onEvent?.(event);
  }

  /** For the connection: the RESULT frame. The result settles after all data were consumed. */
  receiveResult(result: Message): void {
    this.#close();
    this.#arrive.resolve(result);
    void this.consumed().then(() => this.#settle.resolve(result));
  }

  /** For the connection: it is lost. Data that wait for their consumer are dropped. */
  fail(error: Error): void {
    if (!this.#open) return;
    this.#failure = error;
    this.#close();
    for (const incoming of this.#incoming.values()) incoming.stop();
    this.#settle.reject(error);
    this.#arrive.reject(error);
  }

  #close(): void {
    this.#open = false;
    for (const outgoing of this.#outgoing.values()) {
      for (const resume of outgoing.waiting.splice(0)) resume();
    }
  }

  #incomingOf(stream: number): Incoming {
    let incoming = this.#incoming.get(stream);
    if (!incoming) {
      if (!incomingStreams.includes(stream)) throw new FrameError(`Stream ${stream} is not one.`);
      incoming = new Incoming({
        stream,
        window: this.#port.receiveWindow,
        onData: (data) => this.#handlers.onData?.(stream, data),
        onEnd: () => this.#handlers.onEnd?.(stream),
        grant: (bytes) => {
          if (this.#open) this.#port.sendCredit(this.id, stream, bytes);
        },
      });
      this.#incoming.set(stream, incoming);
    }
    return incoming;
  }

  #outgoingOf(stream: number): Outgoing {
    let outgoing = this.#outgoing.get(stream);
    if (!outgoing) {
      if (stream !== 0 && stream !== 3) throw new FrameError(`Stream ${stream} takes no data.`);
      outgoing = { credit: this.#port.sendWindow, ended: false, waiting: [] };
      this.#outgoing.set(stream, outgoing);
    }
    return outgoing;
  }
}
