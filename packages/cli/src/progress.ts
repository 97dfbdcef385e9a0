import { styled } from "./style.ts";

/** Shows what a person waits for, once it takes over a second: one changing line on a terminal, else a line now and then. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #begin = performance.now();
  readonly #timer: NodeJS.Timeout;
  #message: string;
  #shown = "";
  #lastPrintedAt = Number.NEGATIVE_INFINITY;

  constructor(message: string, stream: NodeJS.WriteStream = process.stderr) {
    this.#message = message;
    this.#stream = stream;
    this.#timer = setInterval(() => this.#show(), 250);
  }

  update(message: string): void {
    this.#message = message.trim().split("\n").at(-1) ?? "";
  }

  /** Something that stays to be read. */
  note(message: string): void {
    this.#clear();
    this.#stream.write(`${styled("dim", `llm-sandbox: ${message}`, this.#stream)}\n`);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #clear(): void {
    if (this.#stream.isTTY && this.#shown !== "") this.#stream.write("\r\u001b[2K");
  }

  #show(): void {
    const now = performance.now();
    const seconds = (now - this.#begin) / 1000;
    if (seconds < 1) return;
    if (this.#stream.isTTY) {
      const width = this.#stream.columns || 80;
      this.#shown = `${seconds.toFixed(0)} s  ${this.#message}`.slice(0, width - 1);
      this.#stream.write(`\r\u001b[2K${styled("dim", this.#shown, this.#stream)}`);
    } else if (now - this.#lastPrintedAt > (this.#message === this.#shown ? 30_000 : 5000)) {
      this.#shown = this.#message;
      this.#lastPrintedAt = now;
      this.#stream.write(`… ${seconds.toFixed(0)} s  ${this.#message.slice(0, 120)}\n`);
    }
  }
}
