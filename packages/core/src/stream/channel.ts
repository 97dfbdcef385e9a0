import { FrameError, maxDataBytes } from "./frame.ts";
import type { Message } from "./message.ts";

/** What the owner of a channel is told. A returned promise holds back further credit until it settles. */
export interface ChannelHandlers {
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

interface Incoming {
  /** Bytes the peer may still send. */
  credit: number;
  /** Consumed since credit was last granted. */
  consumed: number;
  received: number;
  ended: boolean;
  queue: Uint8Array[] | undefined;
}

interface Outgoing {
  credit: number;
  ended: boolean;
  waiting: (() => void)[];
}

/** One operation on a connection: its data both ways, its events and its one result. */
export class Channel {
  readonly id: number;
  /** The agent's last word on the operation; rejects when the connection is lost first. */
  readonly result: Promise<Message>;
  readonly #port: ChannelPort;
  readonly #handlers: ChannelHandlers;
  readonly #incoming = new Map<number, Incoming>();
  readonly #outgoing = new Map<number, Outgoing>();
  readonly #settle: PromiseWithResolvers<Message>;
  #events = 0;
  #open = true;
  #failure: Error | undefined;

  constructor(id: number, port: ChannelPort, handlers: ChannelHandlers) {
    this.id = id;
    this.#port = port;
    this.#handlers = handlers;
    this.#settle = Promise.withResolvers<Message>();
    this.result = this.#settle.promise;
    this.result.catch(() => {});
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

  /** For the connection: a DATA frame. */
  receiveData(payload: Uint8Array): void {
    if (payload.length < 2) throw new FrameError("A DATA frame holds no data.");
    const stream = payload[0]!;
    const incoming = this.#incomingOf(stream);
    const size = payload.length - 1;
    if (incoming.ended) throw new FrameError(`Data came after the end of stream ${stream}.`);
    if (size > incoming.credit) throw new FrameError(`Stream ${stream} was sent beyond its credit.`);
    incoming.credit -= size;
    incoming.received += size;
    const data = payload.subarray(1);
    if (incoming.queue) incoming.queue.push(data);
    else this.#deliver(stream, incoming, data);
  }

  /** For the connection: an END frame. */
  receiveEnd(payload: Uint8Array): void {
    if (payload.length !== 1) throw new FrameError("An END frame is not one byte.");
    const stream = payload[0]!;
    const incoming = this.#incomingOf(stream);
    if (incoming.ended) throw new FrameError(`Stream ${stream} ended twice.`);
    incoming.ended = true;
    if (!incoming.queue) this.#handlers.onEnd?.(stream);
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
    const queues = [...this.#incoming.values()].some((incoming) => incoming.queue);
    if (queues) this.#whenConsumed = () => this.#settle.resolve(result);
    else this.#settle.resolve(result);
  }

  /** For the connection: it is lost. */
  fail(error: Error): void {
    if (!this.#open && !this.#whenConsumed) return;
    this.#failure = error;
    this.#close();
    this.#settle.reject(error);
  }

  #whenConsumed: (() => void) | undefined;

  #close(): void {
    this.#open = false;
    for (const outgoing of this.#outgoing.values()) {
      for (const resume of outgoing.waiting.splice(0)) resume();
    }
  }

  #deliver(stream: number, incoming: Incoming, data: Uint8Array): void {
    const pending = this.#handlers.onData?.(stream, data);
    if (pending) {
      incoming.queue = [];
      const resume = (): void => this.#resume(stream, incoming, data.length);
      pending.then(resume, resume);
    } else this.#consume(stream, incoming, data.length);
  }

  #resume(stream: number, incoming: Incoming, consumed: number): void {
    const queue = incoming.queue ?? [];
    incoming.queue = undefined;
    this.#consume(stream, incoming, consumed);
    for (let next = queue.shift(); next; next = queue.shift()) {
      this.#deliver(stream, incoming, next);
      if (incoming.queue) {
        (incoming.queue as Uint8Array[]).push(...queue);
        return;
      }
    }
    if (incoming.ended) this.#handlers.onEnd?.(stream);
    if (![...this.#incoming.values()].some((other) => other.queue)) {
      this.#whenConsumed?.();
      this.#whenConsumed = undefined;
    }
  }

  #consume(stream: number, incoming: Incoming, size: number): void {
    incoming.consumed += size;
    if (!this.#open || incoming.ended || incoming.consumed < this.#port.receiveWindow / 4) return;
    incoming.credit += incoming.consumed;
    this.#port.sendCredit(this.id, stream, incoming.consumed);
    incoming.consumed = 0;
  }

  #incomingOf(stream: number): Incoming {
    let incoming = this.#incoming.get(stream);
    if (!incoming) {
      if (!incomingStreams.includes(stream)) throw new FrameError(`Stream ${stream} is not one.`);
      const credit = this.#port.receiveWindow;
      incoming = { credit, consumed: 0, received: 0, ended: false, queue: undefined };
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
