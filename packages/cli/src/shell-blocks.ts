import type { Interface } from "node:readline";

export interface BlockOptions {
  /** Whether a line begins something that goes on in the next. */
  readonly opens: (line: string) => boolean;
  /** Asks for a block, or for the next line of one. */
  readonly prompt: (goesOn: boolean) => void;
}

/**
 * What a person or a pipe enters, in blocks: a line, or as many as belong together. What opens goes on until an empty line;
 * what was pasted is one block, with its empty lines, and ends with the line that is entered after it.
 */
export class Blocks implements AsyncIterable<string> {
  readonly #options: BlockOptions;
  readonly #whole: string[] = [];
  #unfinished: string[] = [];
  #pasting = false;
  #pasted = false;
  #asking = false;
  #closed = false;
  #wake: () => void = () => {};

  constructor(lines: Interface, options: BlockOptions) {
    this.#options = options;
    lines.on("line", (line) => this.#add(line));
    lines.once("close", () => {
      this.#finish();
      this.#closed = true;
      this.#wake();
    });
  }

  /** Begin and end of a paste, as a terminal marks them. */
  paste(what: "begins" | "ends"): void {
    this.#pasting = what === "begins";
    this.#pasted ||= this.#pasting;
  }

  /** Forgets what was entered and not asked for yet. */
  discard(): void {
    this.#whole.length = 0;
    this.#unfinished = [];
    this.#pasting = false;
    this.#pasted = false;
  }

  /** Prompts and waits for each block; ends with the input. */
  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    for (;;) {
      if (this.#whole.length === 0 && !this.#closed) {
        this.#asking = true;
        this.#options.prompt(this.#unfinished.length > 0);
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#asking = false;
      }
      const block = this.#whole.shift();
      if (block !== undefined) yield block;
      else if (this.#closed) return;
    }
  }

  #add(line: string): void {
    const begins = this.#unfinished.length === 0;
    if (this.#pasted) {
      this.#unfinished.push(line);
      if (!this.#pasting) this.#finish();
    } else if (begins && !this.#options.opens(line)) {
      this.#whole.push(line);
      this.#wake();
    } else if (begins || line.trim() !== "") {
      this.#unfinished.push(line);
    } else this.#finish();
    if (this.#unfinished.length > 0 && this.#asking && !this.#pasting) this.#options.prompt(true);
  }

  #finish(): void {
    this.#pasted = false;
    if (this.#unfinished.length === 0) return;
    this.#whole.push(`${this.#unfinished.join("\n").trimEnd()}\n`);
    this.#unfinished = [];
    this.#wake();
  }
}

/** Whether a line of a language begins something that goes on in the next line. */
export function opensBlock(language: string, line: string): boolean {
  if (line.startsWith("!")) return false;
  if (language === "bash") return bashOpens.test(line);
  if (language === "python" && (/^\s*@/.test(line) || (line.split('"""').length & 1) === 0)) return true;
  return /(?:[:{([\\,]|=>)\s*$/.test(line);
}

const bashOpens = /(?:(?:^|[\s;])(?:do|then|else|in)|[{(\\|]|&&|<<-?\s*['"]?\w+['"]?)\s*$/;
