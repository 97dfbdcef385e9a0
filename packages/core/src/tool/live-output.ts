import type { OutputChunk } from "../execution.ts";

/** How often a listener is told, in milliseconds. */
const intervalMs = 100;
/** Characters of output that a listener is told: the last ones. */
const mostCharacters = 8_000;

/** Output of a run under way as one growing text: what frameworks that replace what they show want. */
export class LiveOutput {
  readonly #tell: (text: string) => void;
  #text = "";
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  push({ text }: OutputChunk): void {
    const whole = this.#text + text;
    this.#text = whole.slice(-mostCharacters).replace(/^[\uDC00-\uDFFF]/, "");
    this.#dropped += whole.length - this.#text.length;
    const wait = this.#toldAt + intervalMs - performance.now();
    if (wait <= 0) this.#say();
    else this.#timer ??= setTimeout(() => this.#say(), wait);
  }

  /** Nothing is told from here on: the result is. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #say(): void {
    this.end();
    this.#toldAt = performance.now();
    const before =
      this.#dropped === 0 ? "" : `[${this.#dropped.toLocaleString("en")} characters before this]\n`;
    this.#tell(before + this.#text);
  }
}
