import { splitFields } from "./awk-fields.ts";
import type { AwkInput } from "./awk-input.ts";
import type { AwkOutput } from "./awk-output.ts";
import type { AwkRecord } from "./awk-record.ts";
import { Input, isTrue, sprintf, toNumber } from "./awk-values.ts";
import type { Table, Value } from "./awk-values.ts";
import type { AwkVariables } from "./awk-variables.ts";
import { formatDate } from "./date.ts";
import type { ToolContext } from "./tool.ts";
import { Zone } from "./zone.ts";

/** What built-in functions work with. */
export interface AwkBuiltinsOptions {
  readonly variables: AwkVariables;
  readonly record: AwkRecord;
  readonly input: AwkInput;
  readonly output: AwkOutput;
}

/** The built-in functions of `awk`, each by its name; `substitute` is `sub` and `gsub`. */
export class AwkBuiltins {
  readonly #context: ToolContext;
  readonly #variables: AwkVariables;
  readonly #record: AwkRecord;
  readonly #input: AwkInput;
  readonly #output: AwkOutput;
  #seed = 0;
  #state = 1;

  constructor(context: ToolContext, { variables, record, input, output }: AwkBuiltinsOptions) {
    this.#context = context;
    this.#variables = variables;
    this.#record = record;
    this.#input = input;
    this.#output = output;
  }

  length(value: Value | Table): number {
    return value instanceof Map ? value.size : [...this.#variables.text(value)].length;
  }

  substr(value: Value, start: Value, count?: Value): string {
    const letters = [...this.#variables.text(value)];
    const from = Math.round(toNumber(start));
    const to = count === undefined ? letters.length + 1 : from + Math.round(toNumber(count));
    return letters.slice(Math.max(0, from - 1), Math.max(0, to - 1)).join("");
  }

  index(value: Value, wanted: Value): number {
    const text = this.#variables.text(value);
    const at = text.indexOf(this.#variables.text(wanted));
    return at < 0 ? 0 : this.length(text.slice(0, at)) + 1;
  }

  split(value: Value, table: Table, separator: Value | RegExp = this.#variables.FS, seps?: Table): number {
    const { parts, between } = splitFields(this.#variables.text(value), separator, this.#variables);
    table.clear();
    parts.forEach((part, at) => table.set(String(at + 1), new Input(part)));
    seps?.clear();
    between.forEach((part, at) => seps?.set(String(at + 1), part));
    return parts.length;
  }

  patsplit(value: Value, table: Table, pattern: RegExp): number {
    const parts = this.#variables.text(value).match(new RegExp(pattern.source, "gs")) ?? [];
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

  gensub(pattern: RegExp, replacement: Value, how: Value, value: Value = this.#record.whole): string {
    const which = /^[gG]/.test(this.#variables.text(how)) ? 0 : Math.max(1, toNumber(how));
    let count = 0;
    return this.#variables
      .text(value)
      .replace(new RegExp(pattern.source, `${pattern.flags}g`), (...given: unknown[]) => {
        count += 1;
        const match = given[0] as string;
        if (which !== 0 && count !== which) return match;
        return this.#variables.text(replacement).replaceAll(/\\(\d|\\|&)|&/g, (_, escaped) => {
          if (escaped === undefined || escaped === "0") return match;
          return /\d/.test(escaped) ? String(given[Number(escaped)] ?? "") : escaped;
        });
      });
  }

  match(value: Value, pattern: RegExp, table?: Table): number {
    const text = this.#variables.text(value);
    const match = pattern.exec(text);
    table?.clear();
    this.#variables.RSTART = match ? this.length(text.slice(0, match.index)) + 1 : 0;
    this.#variables.RLENGTH = match ? [...match[0]].length : -1;
    match?.forEach((part, at) => {
      if (part !== undefined) table?.set(String(at), new Input(part));
    });
    return this.#variables.RSTART;
  }

  sprintf(format: Value, ...values: Value[]): string {
    return sprintf(this.#variables.text(format), values);
  }

  tolower(value: Value): string {
    return this.#variables.text(value).toLowerCase();
  }

  toupper(value: Value): string {
    return this.#variables.text(value).toUpperCase();
  }

  sin = (value: Value): number => Math.sin(toNumber(value));
  cos = (value: Value): number => Math.cos(toNumber(value));
  atan2 = (y: Value, x: Value): number => Math.atan2(toNumber(y), toNumber(x));
  exp = (value: Value): number => Math.exp(toNumber(value));
  log = (value: Value): number => Math.log(toNumber(value));
  sqrt = (value: Value): number => Math.sqrt(toNumber(value));
  int = (value: Value): number => Math.trunc(toNumber(value)) + 0;

  rand(): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) >>> 0;
    let mixed = this.#state ^ (this.#state >>> 15);
    mixed = Math.imul(mixed, 0x2c1b3c6d);
    mixed ^= mixed >>> 12;
    return ((mixed >>> 0) % 0x7fffffff) / 0x7fffffff;
  }

  srand(value?: Value): number {
    const before = this.#seed;
    this.#seed = value === undefined ? Math.floor(Date.now() / 1_000) : toNumber(value);
    this.#state = (Math.trunc(this.#seed) + 1) >>> 0;
    return before;
  }

  system(command: Value): Promise<number> {
    return this.#output.system(this.#variables.text(command));
  }

  async close(name: Value): Promise<number> {
    const text = this.#variables.text(name);
    const wasRead = this.#input.close(text);
    return (await this.#output.close(text)) ?? (wasRead ? 0 : -1);
  }

  async fflush(): Promise<number> {
    await this.#output.flushAll();
    return 0;
  }

  systime = (): number => Math.floor(Date.now() / 1_000);

  strftime(format: Value = "%a %b %e %H:%M:%S %Z %Y", moment: Value = this.systime(), utc?: Value): string {
    const zone = new Zone(isTrue(utc) ? "UTC" : (this.#context.env.get("TZ") ?? "UTC"));
    return formatDate(this.#variables.text(format), Math.floor(toNumber(moment)), 0, zone);
  }

  mktime(words: Value): number {
    const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = this.#variables
      .text(words)
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

  asort(table: Table, target?: Table): number {
    return this.#sorted([...table.values()], target ?? table);
  }

  asorti(table: Table, target?: Table): number {
    return this.#sorted([...table.keys()], target ?? table);
  }

  #sorted(values: readonly Value[], target: Table): number {
    const ordered = [...values].sort((a, b) => this.#variables.compare(a, b));
    target.clear();
    ordered.forEach((value, at) => target.set(String(at + 1), value));
    return ordered.length;
  }

  strtonum(value: Value): number {
    const text = this.#variables.text(value).trim();
    if (/^0[xX]/.test(text)) return Number.parseInt(text, 16);
    return /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : toNumber(value);
  }

  and = (...values: Value[]): number =>
    Number(values.map((value) => BigInt(Math.trunc(toNumber(value)))).reduce((a, b) => a & b));
  or = (...values: Value[]): number =>
    Number(values.map((value) => BigInt(Math.trunc(toNumber(value)))).reduce((a, b) => a | b));
  xor = (...values: Value[]): number =>
    Number(values.map((value) => BigInt(Math.trunc(toNumber(value)))).reduce((a, b) => a ^ b));
  lshift = (value: Value, by: Value): number => toNumber(value) * 2 ** toNumber(by);
  rshift = (value: Value, by: Value): number => Math.floor(toNumber(value) / 2 ** toNumber(by));
  compl = (value: Value): number => Number(BigInt.asUintN(53, ~BigInt(Math.trunc(toNumber(value)))));
  isarray = (value: Value | Table): number => (value instanceof Map ? 1 : 0);

  typeof(value: Value | Table): string {
    if (value instanceof Map) return "array";
    if (value === undefined) return "untyped";
    if (typeof value === "number") return "number";
    return typeof value !== "string" && value.number !== undefined ? "strnum" : "string";
  }
}
