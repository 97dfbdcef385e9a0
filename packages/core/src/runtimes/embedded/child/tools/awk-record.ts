import { fittingFields, splitFields } from "./awk-fields.ts";
import { Input, toText } from "./awk-values.ts";
import type { Value } from "./awk-values.ts";
import type { AwkVariables } from "./awk-variables.ts";
import { ToolError } from "./tool.ts";

/** The record and its fields: it is split when a field is wanted, and joined again when it is. */
export class AwkRecord {
  readonly #variables: AwkVariables;
  #text = "";
  #fields: Value[] = [];
  #isSplit = true;
  #isJoined = true;

  constructor(variables: AwkVariables) {
    this.#variables = variables;
  }

  /** `$0`. */
  get whole(): Value {
    if (!this.#isJoined) {
      const texts = this.#fields.map((field) => this.#variables.text(field));
      this.#text = texts.join(toText(this.#variables.OFS));
      this.#isJoined = true;
    }
    return new Input(this.#text);
  }

  set(text: string): void {
    this.#text = text;
    this.#isJoined = true;
    this.#isSplit = false;
  }

  /** How many fields there are. */
  get count(): number {
    this.#split();
    return this.#fields.length;
  }

  resize(count: number): void {
    this.#split();
    while (this.#fields.length < count) this.#fields.push(undefined);
    this.#fields.length = count;
    this.#isJoined = false;
  }

  /** A field by its number, from 1, or the record for 0; throws a ToolError below that. */
  field(index: number): Value {
    const at = Math.trunc(index);
    if (at === 0) return this.whole;
    if (at < 0) throw new ToolError(`fatal: attempt to access field ${at}`, 2);
    this.#split();
    return this.#fields[at - 1];
  }

  setField(index: number, value: Value): Value {
    const at = Math.trunc(index);
    if (at === 0) this.set(this.#variables.text(value));
    else {
      if (at > this.count) this.resize(at);
      this.#split();
      this.#fields[at - 1] = value;
      this.#isJoined = false;
    }
    return value;
  }

  #split(): void {
    if (this.#isSplit) return;
    this.#isSplit = true;
    const { FPAT, FS } = this.#variables;
    const parts =
      FPAT === undefined
        ? splitFields(this.#text, FS, this.#variables).parts
        : fittingFields(this.#text, this.#variables.text(FPAT), this.#variables);
    this.#fields = parts.map((part) => new Input(part));
  }
}
