import { FrameError } from "./frame.ts";

export interface IncomingOptions {
  readonly stream: number;
  /** Bytes that the peer may send before any was consumed. */
  readonly window: number;
  /** May use the data during the call only. */
  readonly onData: (data: Uint8Array) => void | Promise<void>;
  readonly onEnd: () => void;
  readonly grant: (bytes: number) => void;
}

/** One stream of a channel from the agent: checks its credit, and holds data back while its consumer is busy. */
export class Incoming {
  /** Bytes received so far. */
  received = 0;
  readonly #options: IncomingOptions;
  #credit: number;
  #consumed = 0;
  #ended = false;
  #stopped = false;
  #busy = false;
  /** Data, and calls to make once everything before them was consumed. */
  #waiting: (Uint8Array | (() => void))[] = [];
  #next = 0;

  constructor(options: IncomingOptions) {
    this.#options = options;
    this.#credit = options.window;
  }

  receive(data: Uint8Array): void {
    const { stream } = this.#options;
    if (this.#ended) throw new FrameError(`Data came after the end of stream ${stream}.`);
    if (data.length > this.#credit) throw new FrameError(`Stream ${stream} was sent beyond its credit.`);
    this.#credit -= data.length;
    this.received += data.length;
    // What waits must not be overwritten by what comes meanwhile.
    this.#enqueue(this.#busy ? new Uint8Array(data) : data);
  }

  end(): void {
    if (this.#ended) throw new FrameError(`Stream ${this.#options.stream} ended twice.`);
    this.#ended = true;
    this.#enqueue(this.#options.onEnd);
  }

  /** Resolves when everything that was received so far is consumed. */
  consumed(): Promise<void> | undefined {
    if (!this.#busy || this.#stopped) return undefined;
    return new Promise((resolve) => {
      this.#enqueue(resolve);
    });
  }

  /** Drops what waits: nothing is told to the consumer any more. */
  stop(): void {
    this.#stopped = true;
    for (const item of this.#waiting.slice(this.#next)) {
      if (typeof item === "function" && item !== this.#options.onEnd) item();
    }
    this.#waiting = [];
    this.#next = 0;
  }

  #enqueue(item: Uint8Array | (() => void)): void {
    if (this.#stopped) return;
    // A consumer that is never idle: what was taken long ago must not be kept.
    if (this.#next > 1_024 && this.#next * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    this.#waiting.push(item);
    if (!this.#busy) this.#work();
  }

  #work(): void {
    while (this.#next < this.#waiting.length) {
      const item = this.#waiting[this.#next]!;
      this.#next += 1;
      if (typeof item === "function") item();
      else {
        const pending = this.#options.onData(item);
        if (pending) return this.#resumeAfter(pending, item.length);
        this.#consume(item.length);
      }
    }
    this.#waiting = [];
    this.#next = 0;
  }

  #resumeAfter(pending: Promise<void>, bytes: number): void {
    this.#busy = true;
    const resume = (): void => {
      this.#busy = false;
      if (this.#stopped) return;
      this.#consume(bytes);
      this.#work();
    };
    pending.then(resume, resume);
  }

  #consume(bytes: number): void {
    this.#consumed += bytes;
    if (this.#ended || this.#consumed < this.#options.window / 4) return;
    this.#credit += this.#consumed;
    this.#options.grant(this.#consumed);
    this.#consumed = 0;
  }
}
