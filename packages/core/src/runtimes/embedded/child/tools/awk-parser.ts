import { AwkExpressions } from "./awk-expressions.ts";
import { tokensOf } from "./awk-lexer.ts";
import { AwkStatements } from "./awk-statements.ts";
import type { AwkExpression, AwkFunction, AwkProgram, AwkRule } from "./awk-syntax.ts";
import { AwkTokens } from "./awk-tokens.ts";

/** Reads a program of `awk`; throws a ToolError for one that is none. */
export function parseAwk(source: string): AwkProgram {
  return new AwkParser(new AwkTokens(tokensOf(source))).program();
}

/** Reads rules and functions. */
class AwkParser {
  readonly #tokens: AwkTokens;
  readonly #expressions: AwkExpressions;
  readonly #statements: AwkStatements;

  constructor(tokens: AwkTokens) {
    this.#tokens = tokens;
    this.#expressions = new AwkExpressions(tokens);
    this.#statements = new AwkStatements(tokens, this.#expressions);
  }

  program(): AwkProgram {
    const rules: AwkRule[] = [];
    const functions: AwkFunction[] = [];
    for (this.#tokens.skipEnds(); this.#tokens.current.kind !== "end"; this.#tokens.skipEnds()) {
      if (this.#tokens.take("function")) functions.push(this.#function());
      else rules.push(this.#rule());
    }
    return { rules, functions };
  }

  #function(): AwkFunction {
    const name = this.#tokens.name("call");
    this.#tokens.expect("(");
    const names: string[] = [];
    while (!this.#tokens.take(")")) {
      this.#tokens.skipLines();
      names.push(this.#tokens.name());
      this.#tokens.take(",");
      this.#tokens.skipLines();
    }
    this.#tokens.skipLines();
    return { name, names, body: this.#statements.block() };
  }

  #rule(): AwkRule {
    for (const when of ["BEGIN", "END", "BEGINFILE", "ENDFILE"] as const) {
      if (this.#tokens.is(when, "keyword")) {
        this.#tokens.advance();
        this.#tokens.skipLines();
        return { when, body: this.#statements.block() };
      }
    }
    if (this.#tokens.is("{")) return { when: "record", body: this.#statements.block() };
    const pattern = this.#expressions.expression();
    let until: AwkExpression | undefined;
    if (this.#tokens.take(",")) {
      this.#tokens.skipLines();
      until = this.#expressions.expression();
    }
    const body = this.#tokens.is("{") ? this.#statements.block() : undefined;
    return { when: "record", pattern, ...(until ? { until } : {}), ...(body ? { body } : {}) };
  }
}
