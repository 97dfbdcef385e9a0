import { FrameType, encodeCredit, encodeData, encodeEnd, encodeJson, maxDataBytes } from "../stream/frame.ts";
import type { Frame } from "../stream/frame.ts";
import type { Message } from "../stream/message.ts";

/** What a channel needs of the agent's end of the connection. */
export interface AgentWire {
  /** Credit in bytes that each stream of the host grants at the start. */
  readonly hostWindow: number;
  /** Resolves when the transport takes more. */
  send(frame: Buffer): Promise<void> | undefined;
}

/** The agent's end of one operation: honours the host's credit and grants its own as input is read. */
export class AgentChannel {
  readonly id: number;
  /** Bytes sent on each stream. */
  readonly sent: Record<number, number> = { 1: 0, 2: 0, 3: 0 };
  /** Aborts on a `cancel` of the host, and when the connection ends. */
  readonly cancelled: AbortSignal;
  onSignal: (signal: string) => void = () => {};
  readonly #wire: AgentWire;
  readonly #cancel = new AbortController();
  readonly #credit = new Map<number, number>();
  readonly #inputs = new Map<number, Input>();
  #waiting: (() => void)[] = [];
  #ended = new Set<number>();
  #open = true;
  #impatient = false;

  constructor(id: number, wire: AgentWire) {
    this.id = id;
    this.#wire = wire;
    this.cancelled = this.#cancel.signal;
  }

  /** Sends bytes as the host's credit allows; drops them when the channel has ended. */
  async send(stream: number, data: Uint8Array): Promise<void> {
    for (let rest = data; rest.length > 0;) {
      const credit = this.#credit.get(stream) ?? this.#wire.hostWindow;
      if (!this.#open || this.#impatient || this.#ended.has(stream)) return;
      if (credit === 0) {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
        continue;
      }
      const size = Math.min(rest.length, credit, maxDataBytes);
      this.#credit.set(stream, credit - size);
      this.sent[stream] = (this.sent[stream] ?? 0) + size;
      const drained = this.#wire.send(encodeData(this.id, stream, rest.subarray(0, size)));
      rest = rest.subarray(size);
      if (drained) await drained;
    }
  }

  end(stream: number): void {
    if (!this.#open || this.#ended.has(stream)) return;
    this.#ended.add(stream);
    void this.#wire.send(encodeEnd(this.id, stream));
  }

  event(event: object): void {
    if (this.#open) void this.#wire.send(encodeJson(FrameType.event, this.id, event));
  }

  /** The last word; nothing can be sent after it. */
  result(result: object): void {
    if (!this.#open) return;
    void this.#wire.send(encodeJson(FrameType.result, this.id, result));
    this.abandon();
  }

  /** What the host sends on a stream, to its end; credit is granted as it is read. */
  input(stream: number): AsyncIterable<Uint8Array> {
    return this.#inputOf(stream);
  }

  /** A frame of the host. */
  receive(frame: Pick<Frame, "type" | "stream">, payload: Buffer, message: () => Message): void {
    if (!this.#open) return;
    switch (frame.type) {
      case FrameType.data:
        return this.#inputOf(frame.stream).push(payload);
      case FrameType.end:
        return this.#inputOf(payload[0]!).finish();
      case FrameType.credit: {
        const stream = payload[0]!;
        const credit = this.#credit.get(stream) ?? this.#wire.hostWindow;
        this.#credit.set(stream, credit + payload.readUInt32BE(1));
        return this.#resume();
      }
      default: {
        const control = message();
        if (control["op"] === "cancel") {
          // Asked a second time, the host does not want the rest of the output either.
          this.#impatient = this.cancelled.aborted;
          this.#cancel.abort();
          this.#finishInputs();
          this.#resume();
        } else this.onSignal(String(control["signal"]));
      }
    }
  }

  /** Ends the channel without a word. */
  abandon(): void {
    this.#open = false;
    this.#cancel.abort();
    this.#finishInputs();
    this.#resume();
  }

  #finishInputs(): void {
    for (const input of this.#inputs.values()) input.finish();
  }

  #resume(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }

  #inputOf(stream: number): Input {
    let input = this.#inputs.get(stream);
    if (!input) {
      input = new Input((bytes) => {
        if (this.#open) void this.#wire.send(encodeCredit(this.id, stream, bytes));
      });
      if (this.cancelled.aborted) input.finish();
      this.#inputs.set(stream, input);
    }
    return input;
  }
}

/** Bytes that wait for one reader; each piece is acknowledged when the next is asked for. */
class Input implements AsyncIterable<Uint8Array> {
  readonly #grant: (bytes: number) => void;
  readonly #queue: Uint8Array[] = [];
  #finished = false;
  #wake: (() => void) | undefined;

  constructor(grant: (bytes: number) => void) {
    this.#grant = grant;
  }

  push(data: Uint8Array): void {
    this.#queue.push(data);
    this.#wake?.();
  }

  finish(): void {
    this.#finished = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunk = this.#queue.shift();
      if (chunk) {
        yield chunk;
        this.#grant(chunk.length);
      } else if (this.#finished) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
