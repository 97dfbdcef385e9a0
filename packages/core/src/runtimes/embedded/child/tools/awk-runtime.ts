import { AwkBuiltins } from "./awk-builtins.ts";
import { AwkInput } from "./awk-input.ts";
import type { AwkTarget } from "./awk-input.ts";
import { AwkOutput } from "./awk-output.ts";
import { AwkRecord } from "./awk-record.ts";
import { Input, sprintf, toNumber, toText } from "./awk-values.ts";
import type { Table, Value } from "./awk-values.ts";
import { AwkVariables } from "./awk-variables.ts";
import { ToolError } from "./tool.ts";
import type { ToolContext } from "./tool.ts";

/** Thrown to go on with the next record. */
export const next: unique symbol = Symbol("next");
/** Thrown to go on with the next file. */
export const nextFile: unique symbol = Symbol("next file");
/** Thrown to end the program. */
export class AwkExit extends Error {}

/** What a compiled program of `awk` works on: variables, the record, arrays, what it reads and writes, and functions. */
export class AwkRuntime extends AwkVariables {
  readonly #context: ToolContext;
  readonly #given: ReadonlyMap<string, string>;
  readonly #words: Table;
  readonly #record: AwkRecord;
  readonly input: AwkInput;
  readonly output: AwkOutput;
  readonly builtins: AwkBuiltins;
  /** What assigns the variables of the program, by their names. */
  setters: Record<string, (value: Value) => void> = {};

  /** With the words after the program, and the variables that `-v` and `-F` gave. */
  constructor(context: ToolContext, words: readonly string[], given: ReadonlyMap<string, string>) {
    super();
    this.#context = context;
    this.#given = given;
    this.#words = new Map(["awk", ...words].map((word, at) => [String(at), new Input(word)]));
    this.#record = new AwkRecord(this);
    this.output = new AwkOutput(context);
    this.input = new AwkInput(context, {
      variables: this,
      record: this.#record,
      output: this.output,
      words: this.#words,
      assign: (name, text) => this.#assign(name, text),
    });
    this.builtins = new AwkBuiltins(context, {
      variables: this,
      record: this.#record,
      input: this.input,
      output: this.output,
    });
    for (const [name, text] of given) if (this.#isOwn(name)) this.set(name, new Input(text));
  }

  #isOwn(name: string): boolean {
    return name in this && /^[A-Z]+$/.test(name);
  }

  #assign(name: string, text: string): void {
    const value = new Input(text);
    if (this.#isOwn(name)) this.set(name, value);
    else this.setters[name]?.(value);
  }

  // Variables and arrays

  /** Assigns a variable that `awk` has of its own. */
  set(name: string, value: Value): Value {
    if (name === "NF") this.#record.resize(toNumber(value));
    else (this as unknown as Record<string, Value>)[name] = value;
    return value;
  }

  /** What a variable of the program is at its start. */
  initial(name: string): Value {
    const given = this.#given.get(name);
    if (name === "ARGC") return this.#words.size;
    return given === undefined ? undefined : new Input(given);
  }

  /** What an array of the program is at its start. */
  array(name: string): Table {
    if (name === "ARGV") return this.#words;
    if (name === "ENVIRON")
      return new Map(
        Object.entries(this.#context.exportedEnv ?? {}).map(([key, value]) => [key, new Input(value)]),
      );
    return new Map();
  }

  /** An element, which is there once it was asked for. */
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

  /** A quotient or a rest; throws a ToolError where it is divided by zero. */
  divided(operator: string, left: number, right: number): number {
    if (right === 0)
      throw new ToolError(
        `cmd. line:1: error: division by zero attempted${operator === "%" ? " in `%'" : ""}`,
        2,
      );
    return operator === "/" ? left / right : left % right;
  }

  // The record

  get record(): Value {
    return this.#record.whole;
  }

  setRecord(text: string): void {
    this.#record.set(text);
  }

  get NF(): number {
    return this.#record.count;
  }

  field(index: number): Value {
    return this.#record.field(index);
  }

  setField(index: number, value: Value): Value {
    return this.#record.setField(index, value);
  }

  // Reading and writing

  getline(target: AwkTarget): Promise<number> {
    return this.input.getline(target);
  }

  getlineFrom(operator: string, name: string, target: AwkTarget): Promise<number> {
    return this.input.getlineFrom(operator, name, target);
  }

  print(values: readonly Value[], operator?: string, target?: string): void {
    const format = toText(this.OFMT);
    const text = values.map((value) => toText(value, format)).join(toText(this.OFS)) + toText(this.ORS);
    this.output.write(text, operator, target);
  }

  printf([format, ...values]: readonly Value[], operator?: string, target?: string): void {
    this.output.write(sprintf(this.text(format), values), operator, target);
  }

  // Ends

  next(): never {
    throw next;
  }

  nextfile(): never {
    throw nextFile;
  }

  exit(code?: Value): never {
    if (code !== undefined) this.output.exitCode = toNumber(code) & 0xff;
    throw new AwkExit();
  }
}
