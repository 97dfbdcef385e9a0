import type { AwkOutput } from "./awk-output.ts";
import type { AwkRecord } from "./awk-record.ts";
import { Input, toNumber } from "./awk-values.ts";
import type { Table, Value } from "./awk-values.ts";
import type { AwkVariables } from "./awk-variables.ts";
import { readText } from "./tool.ts";
import type { ToolContext } from "./tool.ts";

/** A text that is read record by record. */
interface Source {
  readonly text: string;
  at: number;
}

/** Where `getline` puts what it read, if not into the record. */
export type AwkTarget = ((value: Value) => unknown) | undefined;

/** What inputs work with. */
export interface AwkInputOptions {
  readonly variables: AwkVariables;
  readonly record: AwkRecord;
  readonly output: AwkOutput;
  /** `ARGV`, which names the files and which the program may change. */
  readonly words: Table;
  /** Does the assignment that a word among the files is. */
  readonly assign: (name: string, text: string) => void;
}

/** What a program reads: the files that it was given, and those files and commands that `getline` names. */
export class AwkInput {
  readonly #context: ToolContext;
  readonly #variables: AwkVariables;
  readonly #record: AwkRecord;
  readonly #output: AwkOutput;
  readonly #words: Table;
  readonly #given: number;
  readonly #assign: (name: string, text: string) => void;
  readonly #sources = new Map<string, Source>();
  #main: Source | undefined;
  #argument = 1;
  #hasRead = false;

  constructor(context: ToolContext, { variables, record, output, words, assign }: AwkInputOptions) {
    this.#context = context;
    this.#variables = variables;
    this.#record = record;
    this.#output = output;
    this.#words = words;
    this.#given = words.size;
    this.#assign = assign;
  }

  /** The next record of the files that are named, or of standard input. */
  async nextRecord(): Promise<string | undefined> {
    for (;;) {
      if (!this.#main && !(await this.#open())) return undefined;
      const record = this.#take(this.#main!);
      if (record !== undefined) {
        this.#variables.NR = toNumber(this.#variables.NR) + 1;
        this.#variables.FNR = toNumber(this.#variables.FNR) + 1;
        return record;
      }
      this.#main = undefined;
    }
  }

  /** Leaves the rest of the file that is being read. */
  skipFile(): void {
    this.#main = undefined;
  }

  /** Reads the next record; 1, or 0 if there is none. */
  async getline(target: AwkTarget): Promise<number> {
    return this.#put(await this.nextRecord(), target);
  }

  /** Reads the next record of a file (`<`) or of what a command prints (`|`); 1, 0 if there is none, -1 if it cannot. */
  async getlineFrom(operator: string, name: string, target: AwkTarget): Promise<number> {
    const key = operator + name;
    let source = this.#sources.get(key);
    if (!source) {
      try {
        source = { text: await this.#textFrom(operator, name), at: 0 };
      } catch {
        return -1;
      }
      this.#sources.set(key, source);
    }
    const record = this.#take(source);
    if (record !== undefined && operator === "|") this.#variables.NR = toNumber(this.#variables.NR) + 1;
    return this.#put(record, target);
  }

  /** Forgets what `getline` read from a file or a command; tells whether it had read any. */
  close(name: string): boolean {
    return [`<${name}`, `|${name}`].filter((key) => this.#sources.delete(key)).length > 0;
  }

  async #textFrom(operator: string, name: string): Promise<string> {
    if (operator === "|") return (await this.#output.run(name, "")).stdout;
    await this.#output.flush(name);
    return readText(name, this.#context);
  }

  #put(record: string | undefined, target: AwkTarget): number {
    if (record === undefined) return 0;
    if (target) target(new Input(record));
    else this.#record.set(record);
    return 1;
  }

  /** The next record of a source, by `RS`. */
  #take(source: Source): string | undefined {
    const { text } = source;
    const by = this.#variables.text(this.#variables.RS);
    if (by === "") while (text[source.at] === "\n") source.at += 1;
    if (source.at >= text.length) return undefined;
    const start = source.at;
    let end = -1;
    let length = 1;
    if (by.length === 1) end = text.indexOf(by, start);
    else {
      const pattern = new RegExp(by === "" ? "\\n\\n+" : this.#variables.regex(by).source, "gs");
      pattern.lastIndex = start;
      const match = pattern.exec(text);
      if (match) [end, length] = [match.index, match[0].length];
    }
    if (end < 0) {
      source.at = text.length;
      this.#variables.RT = "";
      const rest = text.slice(start);
      return by === "" || by.length > 1 ? rest.replace(/\n$/, "") : rest;
    }
    this.#variables.RT = text.slice(end, end + length);
    source.at = end + length;
    return text.slice(start, end);
  }

  /** Opens the next file that is named; false after the last. */
  async #open(): Promise<boolean> {
    for (; this.#argument < Math.max(this.#words.size, this.#given); this.#argument += 1) {
      const word = this.#variables.text(this.#words.get(String(this.#argument)));
      const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word) ?? [];
      if (word === "") continue;
      if (name !== undefined) {
        this.#assign(name, value!);
        continue;
      }
      this.#argument += 1;
      return this.#start(word);
    }
    return this.#hasRead ? false : this.#start("-");
  }

  async #start(name: string): Promise<boolean> {
    this.#hasRead = true;
    this.#variables.FNR = 0;
    this.#variables.FILENAME = name === "-" ? "" : name;
    try {
      this.#main = { text: await readText(name, this.#context), at: 0 };
    } catch (error) {
      const [, reason] = /: ([^:]*)$/.exec((error as Error).message)!;
      const isFolder = reason === "Is a directory";
      this.#output.stderr += isFolder
        ? `awk: warning: command line argument \`${name}' is a directory: skipped\n`
        : `awk: fatal: cannot open file \`${name}' for reading: ${reason}\n`;
      if (!isFolder) this.#output.exitCode = 2;
      this.#main = { text: "", at: 0 };
    }
    return true;
  }
}
