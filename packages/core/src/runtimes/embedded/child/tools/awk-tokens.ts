import type { AwkToken } from "./awk-lexer.ts";
import { ToolError } from "./tool.ts";

/** A program's tokens, and the place that the parser has come to. */
export class AwkTokens {
  readonly #tokens: readonly AwkToken[];
  #at = 0;

  constructor(tokens: readonly AwkToken[]) {
    this.#tokens = tokens;
  }

  get current(): AwkToken {
    return this.#tokens[this.#at]!;
  }

  /** The token so many after this one. */
  ahead(count: number): AwkToken | undefined {
    return this.#tokens[this.#at + count];
  }

  advance(count = 1): void {
    this.#at += count;
  }

  /** Whether this token is written so, and is neither a string nor a pattern. */
  is(text: string, kind?: AwkToken["kind"]): boolean {
    const token = this.current;
    return (
      token.text === text &&
      token.kind !== "string" &&
      token.kind !== "regex" &&
      (kind === undefined || token.kind === kind)
    );
  }

  /** Goes past this token if it is written so, and tells whether it was. */
  take(text: string): boolean {
    if (!this.is(text)) return false;
    this.#at += 1;
    return true;
  }

  expect(text: string): void {
    if (!this.take(text)) this.fail();
  }

  /** Goes past a name, which is what the compiled program may hold as it is; throws a ToolError for anything else. */
  name(orKind?: AwkToken["kind"]): string {
    const { kind, text } = this.current;
    if (kind !== "name" && kind !== orKind) this.fail();
    this.#at += 1;
    return text;
  }

  /** Throws a ToolError that names this token and its line. */
  fail(): never {
    const { text, line, kind } = this.current;
    const what =
      kind === "newline" || kind === "end"
        ? "unexpected newline or end of string"
        : `syntax error near ${text}`;
    throw new ToolError(`cmd. line:${line}: ${what}`, 1);
  }

  /** Goes past ends of statements. */
  skipEnds(): void {
    while (this.current.kind === "newline" || this.is(";", "operator")) this.#at += 1;
  }

  skipLines(): void {
    while (this.current.kind === "newline") this.#at += 1;
  }

  /** Goes past tokens if `read` finds what it looks for there, and else stays. */
  attempt<Result>(read: () => Result | undefined): Result | undefined {
    const before = this.#at;
    const result = read();
    if (result === undefined) this.#at = before;
    return result;
  }
}
