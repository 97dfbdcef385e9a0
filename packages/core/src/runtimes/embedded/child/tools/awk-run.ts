import { compare, isTrue, sprintf, toNumber, toText, Input } from "./awk-values.ts";
import type { Value } from "./awk-values.ts";
import { formatDate } from "./date.ts";
import { fromExtended } from "./regex.ts";
import { ToolError, byteString, encoded, readText } from "./tool.ts";
import type { ToolContext } from "./tool.ts";
import { Zone } from "./zone.ts";

type Table = Map<string, Value>;
type Into = ((value: Value) => unknown) | undefined;

export const next: unique symbol = Symbol("next");
export const nextFile: unique symbol = Symbol("next file");
export class AwkExit extends Error {}

interface Source {
  text: string;
  at: number;
}

/** What compiled programs of `awk` work on: records and fields, variables of its own, files and functions. */
export class AwkRuntime {
  readonly #context: ToolContext;
  readonly #variables: Map<string, string>;
  readonly #words: readonly string[];
  readonly #sources = new Map<string, Source>();
  readonly #outputs = new Map<string, { operator: string; text: string; isStarted: boolean }>();
  readonly #patterns = new Map<string, RegExp>();
  #text = "";
  #fields: Value[] = [];
  #isSplit = true;
  #isJoined = true;
  #main: Source | undefined;
  #argument = 1;
  #hasRead = false;
  #seed = 0;
  #state = 1;
  stdout = "";
  stderr = "";
  exitCode = 0;
  setters: Record<string, (value: Value) => void> = {};
  readonly arguments: Table = new Map();

  NR: Value = 0;
  FNR: Value = 0;
  FS: Value = " ";
  OFS: Value = " ";
  ORS: Value = "\n";
  RS: Value = "\n";
  SUBSEP: Value = "\x1c";
  CONVFMT: Value = "%.6g";
  OFMT: Value = "%.6g";
  RSTART: Value = 0;
  RLENGTH: Value = -1;
  FILENAME: Value = "";
  RT: Value = "";
  FPAT: Value = undefined;
  IGNORECASE: Value = 0;

  constructor(context: ToolContext, words: readonly string[], variables: Map<string, string>) {
    this.#context = context;
    this.#words = words;
    this.#variables = variables;
    ["awk", ...words].forEach((word, at) => this.arguments.set(String(at), new Input(word)));
    for (const [name, text] of variables)
      if (name in this && /^[A-Z]+$/.test(name)) this.set(name, new Input(text));
  }

  // Values

  number(value: Value): number {
    return toNumber(value);
  }
  isTrue(value: Value): boolean {
    return isTrue(value);
  }
  text(value: Value): string {
    return toText(value, this.#format);
  }
  get #format(): string {
    return toText(this.CONVFMT);
  }
  input(text: string): Value {
    return new Input(text);
  }
  key(value: Value): string {
    return typeof value === "number" && Number.isInteger(value) ? String(value) : toText(value, this.#format);
  }
  get separator(): string {
    return toText(this.SUBSEP);
  }
  compare(left: Value, right: Value): number {
    return compare(left, right, this.#format);
  }
  divided(operator: string, left: number, right: number): number {
    if (right === 0)
      throw new ToolError(
        `cmd. line:1: error: division by zero attempted${operator === "%" ? " in `%'" : ""}`,
        2,
      );
    return operator === "/" ? left / right : left % right;
  }
  array(name: string): Table {
    if (name === "ARGV") return this.arguments;
    if (name === "ENVIRON")
      return new Map(
        Object.entries(this.#context.exportedEnv ?? {}).map(([key, value]) => [key, new Input(value)]),
      );
    return new Map();
  }
  initial(name: string): Value {
    const given = this.#variables.get(name);
    if (name === "ARGC") return this.arguments.size;
    return given === undefined ? undefined : new Input(given);
  }
  element(table: Table, key: string): Value {
    const known = table.get(key);
    if (known === undefined && !table.has(key)) table.set(key, undefined);
    return known;
  }
  setElement(table: Table, key: string, value: Value): Value {
    table.set(key, value);
    return value;
  }
  keys(table: Table): string[] {
    return [...table.keys()];
  }
  set(name: string, value: Value): Value {
    if (name === "NF") this.#resize(toNumber(value));
    else (this as unknown as Record<string, Value>)[name] = value;
    return value;
  }

  // Patterns

  regex(source: string): RegExp {
    const flags = isTrue(this.IGNORECASE) ? "i" : "";
    const known = this.#patterns.get(flags + source);
    if (known) return known;
    let made: RegExp;
    try {
      made = new RegExp(fromExtended(source), `${flags}s`);
    } catch {
      throw new ToolError(`fatal: invalid regexp: /${source}/`, 2);
    }
    this.#patterns.set(flags + source, made);
    return made;
  }
  dynamic(value: Value): RegExp {
    return this.regex(this.text(value));
  }
  matches(value: Value, pattern: RegExp): boolean {
    return pattern.test(this.text(value));
  }

  // Records and fields

  get record(): Value {
    this.#join();
    return new Input(this.#text);
  }
  #join(): void {
    if (this.#isJoined) return;
    this.#text = this.#fields.map((field) => this.text(field)).join(toText(this.OFS));
    this.#isJoined = true;
  }
  setRecord(text: string): void {
    this.#text = text;
    this.#isJoined = true;
    this.#isSplit = false;
  }
  #splitRecord(): void {
    if (this.#isSplit) return;
    this.#isSplit = true;
    const parts =
      this.FPAT === undefined ? this.#parts(this.#text, this.FS).parts : this.#fitting(this.text(this.FPAT));
    this.#fields = parts.map((part) => new Input(part));
  }
  /** The fields that a pattern fits, each by the longest of its alternatives. */
  #fitting(source: string): string[] {
    const patterns = source.split(/(?<=\))\|(?=\()/).map((one) => new RegExp(this.regex(one).source, "ys"));
    const parts: string[] = [];
    for (let at = 0; at < this.#text.length;) {
      const lengths = patterns.map(
        (pattern) => ((pattern.lastIndex = at), pattern.exec(this.#text)?.[0].length ?? 0),
      );
      const longest = Math.max(...lengths);
      if (longest > 0) parts.push(this.#text.slice(at, at + longest));
      at += Math.max(1, longest);
    }
    return parts;
  }
  get NF(): number {
    this.#splitRecord();
    return this.#fields.length;
  }
  #resize(count: number): void {
    this.#splitRecord();
    while (this.#fields.length < count) this.#fields.push(undefined);
    this.#fields.length = count;
    this.#isJoined = false;
  }
  field(index: number): Value {
    const at = Math.trunc(index);
    if (at === 0) return this.record;
    if (at < 0) throw new ToolError(`fatal: attempt to access field ${at}`, 2);
    this.#splitRecord();
    return this.#fields[at - 1];
  }
  setField(index: number, value: Value): Value {
    const at = Math.trunc(index);
    if (at === 0) this.setRecord(this.text(value));
    else {
      if (at > this.NF) this.#resize(at);
      this.#splitRecord();
      this.#fields[at - 1] = value;
      this.#isJoined = false;
    }
    return value;
  }
  #parts(text: string, separator: Value | RegExp): { parts: string[]; between: string[] } {
    if (text === "") return { parts: [], between: [] };
    const by = separator instanceof RegExp ? separator : this.text(separator);
    if (by === " ") {
      const trimmed = text.replaceAll(/^[ \t\n]+|[ \t\n]+$/g, "");
      return trimmed === ""
        ? { parts: [], between: [] }
        : { parts: trimmed.split(/[ \t\n]+/), between: trimmed.match(/[ \t\n]+/g) ?? [] };
    }
    if (by === "") return { parts: [...text], between: [] };
    const isPlain = typeof by === "string" && by.length === 1 && by !== "\\";
    const lines = this.RS === "" && separator === this.FS ? "|\\n" : "";
    if (isPlain && !lines && !isTrue(this.IGNORECASE)) return { parts: text.split(by), between: [] };
    const source =
      typeof by !== "string"
        ? by.source
        : isPlain
          ? /\w|\s/.test(by)
            ? by
            : `\\${by}`
          : this.regex(by).source;
    const parts: string[] = [];
    const between: string[] = [];
    let from = 0;
    for (const match of text.matchAll(
      new RegExp(`(?:${source})${lines}`, isTrue(this.IGNORECASE) ? "gis" : "gs"),
    )) {
      if (match[0] === "") continue;
      parts.push(text.slice(from, match.index));
      between.push(match[0]);
      from = match.index + match[0].length;
    }
    return { parts: [...parts, text.slice(from)], between };
  }

  // Reading

  /** The next record of a source, by `RS`. */
  #take(source: Source): string | undefined {
    const { text } = source;
    const by = this.text(this.RS);
    if (by === "") while (text[source.at] === "\n") source.at += 1;
    if (source.at >= text.length) return undefined;
    const start = source.at;
    let end = -1;
    let length = 1;
    if (by.length === 1) end = text.indexOf(by, start);
    else {
      const pattern = new RegExp(by === "" ? "\\n\\n+" : this.regex(by).source, "gs");
      pattern.lastIndex = start;
      const match = pattern.exec(text);
      if (match) [end, length] = [match.index, match[0].length];
    }
    if (end < 0) {
      source.at = text.length;
      this.RT = "";
      const rest = text.slice(start);
      return by === "" || by.length > 1 ? rest.replace(/\n$/, "") : rest;
    }
    this.RT = text.slice(end, end + length);
    source.at = end + length;
    return text.slice(start, end);
  }

  /** The next record of the files that are named, or of standard input. */
  async nextRecord(): Promise<string | undefined> {
    for (;;) {
      if (!this.#main && !(await this.#open())) return undefined;
      const record = this.#take(this.#main!);
      if (record !== undefined) {
        this.NR = toNumber(this.NR) + 1;
        this.FNR = toNumber(this.FNR) + 1;
        return record;
      }
      this.#main = undefined;
    }
  }
  async #open(): Promise<boolean> {
    for (
      ;
      this.#argument < this.arguments.size || this.#argument <= this.#words.length;
      this.#argument += 1
    ) {
      const word = this.text(this.arguments.get(String(this.#argument)));
      const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word) ?? [];
      if (word === "") continue;
      if (name !== undefined) {
        this.assign(name, value!);
        continue;
      }
      this.#argument += 1;
      return this.#start(word);
    }
    return this.#hasRead ? false : this.#start("-");
  }
  async #start(name: string): Promise<boolean> {
    this.#hasRead = true;
    this.FNR = 0;
    this.FILENAME = name === "-" ? "" : name;
    try {
      this.#main = { text: await readText(name, this.#context), at: 0 };
    } catch (error) {
      const [, reason] = /: ([^:]*)$/.exec((error as Error).message)!;
      const isFolder = reason === "Is a directory";
      this.stderr += isFolder
        ? `awk: warning: command line argument \`${name}' is a directory: skipped\n`
        : `awk: fatal: cannot open file \`${name}' for reading: ${reason}\n`;
      if (!isFolder) this.exitCode = 2;
      this.#main = { text: "", at: 0 };
    }
    return true;
  }
  skipFile(): void {
    this.#main = undefined;
  }
  assign(name: string, text: string): void {
    const value = new Input(text);
    if (name in this && /^[A-Z]+$/.test(name)) this.set(name, value);
    else this.setters[name]?.(value);
  }
  async getline(into: Into): Promise<number> {
    const record = await this.nextRecord();
    if (record === undefined) return 0;
    if (into) into(new Input(record));
    else this.setRecord(record);
    return 1;
  }
  async getlineFrom(operator: string, name: string, into: Into): Promise<number> {
    const key = operator + name;
    let source = this.#sources.get(key);
    if (!source) {
      try {
        if (operator === "|") {
          const { stdout } = await this.#run(name, "");
          source = { text: stdout, at: 0 };
        } else {
          await this.#flush(name);
          source = { text: await readText(name, this.#context), at: 0 };
        }
      } catch {
        return -1;
      }
      this.#sources.set(key, source);
    }
    const record = this.#take(source);
    if (record === undefined) return 0;
    if (operator === "|" || !into) this.NR = operator === "|" ? toNumber(this.NR) + 1 : this.NR;
    if (into) into(new Input(record));
    else this.setRecord(record);
    return 1;
  }

  // Writing

  print(values: readonly Value[], operator?: string, target?: string): Promise<void> | void {
    const format = toText(this.OFMT);
    const text = values.map((value) => toText(value, format)).join(toText(this.OFS)) + toText(this.ORS);
    return this.#put(text, operator, target);
  }
  printf([format, ...values]: readonly Value[], operator?: string, target?: string): Promise<void> | void {
    return this.#put(sprintf(this.text(format), values), operator, target);
  }
  #put(text: string, operator: string | undefined, target: string | undefined): void {
    if (operator === undefined || target === "/dev/stdout" || target === "-") this.stdout += text;
    else if (target === "/dev/stderr") this.stderr += text;
    else {
      const known = this.#outputs.get(target!);
      if (known) known.text += text;
      else this.#outputs.set(target!, { operator, text, isStarted: false });
    }
  }
  async #run(command: string, input: string): Promise<{ stdout: string; exitCode: number }> {
    const { cwd, exec, signal } = this.#context;
    const bytes = byteString(encoded(input));
    const { stdout, stderr, exitCode, stdoutKind, stdoutEncoding } = await exec!(command, {
      cwd,
      stdin: bytes,
      stdinKind: "bytes",
      ...(signal ? { signal } : {}),
    });
    this.stderr += stderr;
    const isBytes = stdoutKind === "bytes" || stdoutEncoding === "binary";
    return {
      stdout: isBytes
        ? new TextDecoder().decode(Uint8Array.from(stdout, (unit) => unit.charCodeAt(0)))
        : stdout,
      exitCode,
    };
  }
  /** Writes what is held for a file; a command gets its input when it is closed. */
  async #flush(name: string): Promise<void> {
    const output = this.#outputs.get(name);
    if (!output || output.operator === "|" || (output.text === "" && output.isStarted)) return;
    const { cwd, fs } = this.#context;
    const path = fs.resolvePath(cwd, name);
    try {
      if (output.operator === ">>" || output.isStarted) await fs.appendFile(path, output.text);
      else await fs.writeFile(path, output.text);
    } catch {
      throw new ToolError(`fatal: cannot redirect to \`${name}': No such file or directory`, 2);
    }
    output.text = "";
    output.isStarted = true;
  }
  async close(name: string): Promise<number> {
    const output = this.#outputs.get(name);
    let status = output || this.#sources.has(`<${name}`) || this.#sources.has(`|${name}`) ? 0 : -1;
    this.#sources.delete(`<${name}`);
    this.#sources.delete(`|${name}`);
    if (!output) return status;
    await this.#flush(name);
    this.#outputs.delete(name);
    if (output.operator === "|") {
      const { stdout, exitCode } = await this.#run(name, output.text);
      this.stdout += stdout;
      status = exitCode;
    }
    return status;
  }
  async closeAll(): Promise<void> {
    for (const name of this.#outputs.keys()) await this.close(name);
  }

  // Ends

  next(): never {
    throw next;
  }
  nextfile(): never {
    throw nextFile;
  }
  exit(code?: Value): never {
    if (code !== undefined) this.exitCode = toNumber(code) & 0xff;
    throw new AwkExit();
  }

  // Functions

  length(value: Value | Table): number {
    return value instanceof Map ? value.size : [...this.text(value)].length;
  }
  call_length(value: Value | Table): number {
    return this.length(value);
  }
  call_substr(value: Value, start: Value, count?: Value): string {
    const letters = [...this.text(value)];
    const from = Math.round(toNumber(start));
    const to = count === undefined ? letters.length + 1 : from + Math.round(toNumber(count));
    return letters.slice(Math.max(0, from - 1), Math.max(0, to - 1)).join("");
  }
  call_index(value: Value, wanted: Value): number {
    const text = this.text(value);
    const at = text.indexOf(this.text(wanted));
    return at < 0 ? 0 : this.length(text.slice(0, at)) + 1;
  }
  call_split(value: Value, table: Table, separator: Value | RegExp = this.FS, seps?: Table): number {
    const { parts, between } = this.#parts(this.text(value), separator);
    table.clear();
    parts.forEach((part, at) => table.set(String(at + 1), new Input(part)));
    seps?.clear();
    between.forEach((part, at) => seps?.set(String(at + 1), part));
    return parts.length;
  }
  call_patsplit(value: Value, table: Table, pattern: RegExp): number {
    const parts = this.text(value).match(new RegExp(pattern.source, "gs")) ?? [];
    table.clear();
    parts.forEach((part, at) => table.set(String(at + 1), new Input(part)));
    return parts.length;
  }
  substitute(
    isGlobal: boolean,
    pattern: RegExp,
    replacement: string,
    text: string,
    assign: (value: string) => unknown,
  ): number {
    let count = 0;
    const replaced = text.replace(
      new RegExp(pattern.source, `${pattern.flags}${isGlobal ? "g" : ""}`),
      (match) => {
        count += 1;
        return replacement.replaceAll(/\\(\\|&)|&/g, (all, escaped) =>
          escaped === "&" ? "&" : escaped === "\\" ? "\\" : (match ?? all),
        );
      },
    );
    if (count > 0) assign(replaced);
    return count;
  }
  call_gensub(pattern: RegExp, replacement: Value, how: Value, value: Value = this.record): string {
    const which = /^[gG]/.test(this.text(how)) ? 0 : Math.max(1, toNumber(how));
    let count = 0;
    return this.text(value).replace(
      new RegExp(pattern.source, `${pattern.flags}g`),
      (...given: unknown[]) => {
        count += 1;
        const match = given[0] as string;
        if (which !== 0 && count !== which) return match;
        return this.text(replacement).replaceAll(/\\(\d|\\|&)|&/g, (_, escaped) => {
          if (escaped === undefined || escaped === "0") return match;
          return /\d/.test(escaped) ? String(given[Number(escaped)] ?? "") : escaped;
        });
      },
    );
  }
  call_match(value: Value, pattern: RegExp, table?: Table): number {
    const text = this.text(value);
    const match = pattern.exec(text);
    table?.clear();
    this.RSTART = match ? this.length(text.slice(0, match.index)) + 1 : 0;
    this.RLENGTH = match ? [...match[0]].length : -1;
    match?.forEach((part, at) => {
      if (part !== undefined) table?.set(String(at), new Input(part));
    });
    return this.RSTART;
  }
  call_sprintf(format: Value, ...values: Value[]): string {
    return sprintf(this.text(format), values);
  }
  call_tolower(value: Value): string {
    return this.text(value).toLowerCase();
  }
  call_toupper(value: Value): string {
    return this.text(value).toUpperCase();
  }
  call_sin = (value: Value): number => Math.sin(toNumber(value));
  call_cos = (value: Value): number => Math.cos(toNumber(value));
  call_atan2 = (y: Value, x: Value): number => Math.atan2(toNumber(y), toNumber(x));
  call_exp = (value: Value): number => Math.exp(toNumber(value));
  call_log = (value: Value): number => Math.log(toNumber(value));
  call_sqrt = (value: Value): number => Math.sqrt(toNumber(value));
  call_int = (value: Value): number => Math.trunc(toNumber(value)) + 0;
  call_rand(): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) >>> 0;
    let mixed = this.#state ^ (this.#state >>> 15);
    mixed = Math.imul(mixed, 0x2c1b3c6d);
    mixed ^= mixed >>> 12;
    return ((mixed >>> 0) % 0x7fffffff) / 0x7fffffff;
  }
  call_srand(value?: Value): number {
    const before = this.#seed;
    this.#seed = value === undefined ? Math.floor(Date.now() / 1_000) : toNumber(value);
    this.#state = (Math.trunc(this.#seed) + 1) >>> 0;
    return before;
  }
  async call_system(command: Value): Promise<number> {
    for (const name of this.#outputs.keys()) await this.#flush(name);
    const { stdout, exitCode } = await this.#run(this.text(command), "");
    this.stdout += stdout;
    return exitCode;
  }
  async call_close(name: Value): Promise<number> {
    return this.close(this.text(name));
  }
  async call_fflush(): Promise<number> {
    for (const name of this.#outputs.keys()) await this.#flush(name);
    return 0;
  }
  call_systime = (): number => Math.floor(Date.now() / 1_000);
  call_strftime(
    format: Value = "%a %b %e %H:%M:%S %Z %Y",
    moment: Value = this.call_systime(),
    utc?: Value,
  ): string {
    const zone = new Zone(isTrue(utc) ? "UTC" : (this.#context.env.get("TZ") ?? "UTC"));
    return formatDate(this.text(format), Math.floor(toNumber(moment)), 0, zone);
  }
  call_mktime(words: Value): number {
    const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = this.text(words)
      .trim()
      .split(/\s+/)
      .map(Number);
    const moment = new Zone(this.#context.env.get("TZ") ?? "UTC").momentOf({
      year,
      month,
      day,
      hour,
      minute,
      second,
    });
    return Number.isNaN(moment) ? -1 : moment;
  }
  call_asort(table: Table, target?: Table): number {
    return this.#sorted([...table.values()], target ?? table);
  }
  call_asorti(table: Table, target?: Table): number {
    return this.#sorted([...table.keys()], target ?? table);
  }
  #sorted(values: readonly Value[], target: Table): number {
    const ordered = [...values].sort((a, b) => this.compare(a, b));
    target.clear();
    ordered.forEach((value, at) => target.set(String(at + 1), value));
    return ordered.length;
  }
  call_strtonum(value: Value): number {
    const text = this.text(value).trim();
    if (/^0[xX]/.test(text)) return Number.parseInt(text, 16);
    return /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : toNumber(value);
  }
  call_and = (...values: Value[]): number =>
    Number(values.map((value) => BigInt(Math.trunc(toNumber(value)))).reduce((a, b) => a & b));
  call_or = (...values: Value[]): number =>
    Number(values.map((value) => BigInt(Math.trunc(toNumber(value)))).reduce((a, b) => a | b));
  call_xor = (...values: Value[]): number =>
    Number(values.map((value) => BigInt(Math.trunc(toNumber(value)))).reduce((a, b) => a ^ b));
  call_lshift = (value: Value, by: Value): number => toNumber(value) * 2 ** toNumber(by);
  call_rshift = (value: Value, by: Value): number => Math.floor(toNumber(value) / 2 ** toNumber(by));
  call_compl = (value: Value): number => Number(BigInt.asUintN(53, ~BigInt(Math.trunc(toNumber(value)))));
  call_isarray = (value: Value | Table): number => (value instanceof Map ? 1 : 0);
  call_typeof(value: Value | Table): string {
    if (value instanceof Map) return "array";
    if (value === undefined) return "untyped";
    if (typeof value === "number") return "number";
    return typeof value !== "string" && value.number !== undefined ? "strnum" : "string";
  }
}
