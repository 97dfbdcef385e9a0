import { FrameError } from "../stream/frame.ts";
import { decodeMessage } from "../stream/message.ts";
import type { Message } from "../stream/message.ts";
import { CollectedBytes } from "./collected-bytes.ts";

/** Largest message that is kept: a figure of 16 MiB in base64. */
const mostLineBytes = 24 * 1_048_576;
/** All messages of one run together. */
const mostTotalBytes = 64 * 1_048_576;
const mostMessages = 10_000;
/** A `done` message is smaller than this. */
const mostClosingBytes = 1_024;

/**
 * Cuts a kernel's stream into messages. It comes from a process that runs the user's code: what is too long,
 * too much or not a message is dropped and counted, and never ends the session.
 */
export class StructuredMessages {
  readonly #onMessage: (message: Message) => void;
  readonly #line = new CollectedBytes();
  #lineBytes = 0;
  #skipping = false;
  #totalBytes = 0;
  #messages = 0;
  /** Messages that were dropped. */
  dropped = 0;

  constructor(onMessage: (message: Message) => void) {
    this.#onMessage = onMessage;
  }

  /** Begins a new run: its own budget. */
  reset(): void {
    this.#totalBytes = 0;
    this.#messages = 0;
    this.dropped = 0;
  }

  push(chunk: Uint8Array): void {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      this.#keep(rest.subarray(0, end));
      this.#finishLine();
      rest = rest.subarray(end + 1);
    }
    this.#keep(rest);
  }

  #keep(bytes: Uint8Array): void {
    if (this.#skipping || bytes.length === 0) return;
    this.#lineBytes += bytes.length;
    if (this.#lineBytes > mostLineBytes) {
      this.#skipping = true;
      this.#line.clear();
    } else this.#line.push(bytes);
  }

  #finishLine(): void {
    const line = this.#line.take();
    const bytes = this.#lineBytes;
    const skipped = this.#skipping;
    this.#lineBytes = 0;
    this.#skipping = false;
    if (bytes === 0) return;
    this.#totalBytes += bytes;
    this.#messages += 1;
    const overBudget = this.#totalBytes > mostTotalBytes || this.#messages > mostMessages;
    if (skipped || (overBudget && bytes > mostClosingBytes)) {
      this.dropped += 1;
      return;
    }
    try {
      const message = decodeMessage(line);
      // A run that shows too much still has to end.
      if (overBudget && message["type"] !== "done") this.dropped += 1;
      else this.#onMessage(message);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.dropped += 1;
    }
  }
}
