import { Input, compare, isTrue, toNumber, toText } from "./awk-values.ts";
import type { Value } from "./awk-values.ts";
import { fromExtended } from "./regex.ts";
import { ToolError } from "./tool.ts";

/** The variables that `awk` has of its own, and what numbers, texts and patterns are by them. */
export class AwkVariables {
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
  readonly #patterns = new Map<string, RegExp>();

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

  /** A text that counts as a number if it looks like one. */
  strnum(text: string): Value {
    return new Input(text);
  }

  /** The key of an array that a value is. */
  key(value: Value): string {
    return typeof value === "number" && Number.isInteger(value) ? String(value) : toText(value, this.#format);
  }

  /** What is between the several keys of one element. */
  get separator(): string {
    return toText(this.SUBSEP);
  }

  /** Less than, equal to or more than nothing. */
  compare(left: Value, right: Value): number {
    return compare(left, right, this.#format);
  }

  /** The pattern of an extended regular expression; throws a ToolError for what is none. */
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

  /** The pattern that a value is the text of. */
  dynamic(value: Value): RegExp {
    return this.regex(this.text(value));
  }

  matches(value: Value, pattern: RegExp): boolean {
    return pattern.test(this.text(value));
  }
}
