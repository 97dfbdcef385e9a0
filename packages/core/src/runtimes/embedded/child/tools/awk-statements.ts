import type { AwkExpressions } from "./awk-expressions.ts";
import type { AwkExpression, AwkStatement } from "./awk-syntax.ts";
import type { AwkTokens } from "./awk-tokens.ts";

/** Reads statements; throws a ToolError where there is none. */
export class AwkStatements {
  readonly #tokens: AwkTokens;
  readonly #expressions: AwkExpressions;

  constructor(tokens: AwkTokens, expressions: AwkExpressions) {
    this.#tokens = tokens;
    this.#expressions = expressions;
  }

  /** Statements in braces. */
  block(): AwkStatement {
    this.#tokens.expect("{");
    const body: AwkStatement[] = [];
    for (this.#tokens.skipEnds(); !this.#tokens.take("}"); this.#tokens.skipEnds()) {
      if (this.#tokens.current.kind === "end") this.#tokens.fail();
      body.push(this.#statement());
    }
    return { kind: "block", body };
  }

  #end(): void {
    if (this.#tokens.is("}") || this.#tokens.current.kind === "end") return;
    if (this.#tokens.current.kind !== "newline" && !this.#tokens.is(";", "operator")) this.#tokens.fail();
    this.#tokens.skipEnds();
  }

  #inner(): AwkStatement {
    this.#tokens.skipLines();
    if (this.#tokens.is(";", "operator")) {
      this.#tokens.advance();
      return { kind: "block", body: [] };
    }
    return this.#statement();
  }

  #statement(): AwkStatement {
    if (this.#tokens.is("{")) return this.block();
    if (this.#tokens.take("if")) return this.#if();
    if (this.#tokens.take("while")) {
      const test = this.#inParentheses();
      if (this.#tokens.take(";"))
        return { kind: "while", test, body: { kind: "block", body: [] }, isAfter: false };
      return { kind: "while", test, body: this.#inner(), isAfter: false };
    }
    if (this.#tokens.take("do")) {
      const body = this.#inner();
      this.#tokens.skipEnds();
      this.#tokens.expect("while");
      const test = this.#inParentheses();
      this.#end();
      return { kind: "while", test, body, isAfter: true };
    }
    if (this.#tokens.take("for")) return this.#for();
    if (this.#tokens.take("switch")) return this.#switch();
    const statement = this.#simple();
    this.#end();
    return statement;
  }

  #inParentheses(): AwkExpression {
    this.#tokens.expect("(");
    const value = this.#expressions.expression();
    this.#tokens.skipLines();
    this.#tokens.expect(")");
    return value;
  }

  #if(): AwkStatement {
    const test = this.#inParentheses();
    const yes = this.#inner();
    const otherwise = this.#tokens.attempt(() => {
      this.#tokens.skipEnds();
      return this.#tokens.take("else") ? this.#inner() : undefined;
    });
    return { kind: "if", test, yes, ...(otherwise ? { otherwise } : {}) };
  }

  #for(): AwkStatement {
    this.#tokens.expect("(");
    const variable = this.#tokens.current;
    const [word, name, close] = [1, 2, 3].map((count) => this.#tokens.ahead(count));
    if (variable.kind === "name" && word?.text === "in" && name?.kind === "name" && close?.text === ")") {
      this.#tokens.advance(4);
      return {
        kind: "forIn",
        variable: { kind: "name", name: variable.text },
        name: name.text,
        body: this.#inner(),
      };
    }
    const start = this.#tokens.is(";", "operator") ? undefined : this.#simple();
    this.#tokens.expect(";");
    this.#tokens.skipLines();
    const test = this.#tokens.is(";", "operator") ? undefined : this.#expressions.expression();
    this.#tokens.expect(";");
    this.#tokens.skipLines();
    const step = this.#tokens.is(")") ? undefined : this.#simple();
    this.#tokens.expect(")");
    if (this.#tokens.take(";"))
      return {
        kind: "for",
        ...(start ? { start } : {}),
        ...(test ? { test } : {}),
        ...(step ? { step } : {}),
        body: { kind: "block", body: [] },
      };
    return {
      kind: "for",
      ...(start ? { start } : {}),
      ...(test ? { test } : {}),
      ...(step ? { step } : {}),
      body: this.#inner(),
    };
  }

  #switch(): AwkStatement {
    const value = this.#inParentheses();
    this.#tokens.skipLines();
    this.#tokens.expect("{");
    const cases: { test?: AwkExpression; body: AwkStatement[] }[] = [];
    for (this.#tokens.skipEnds(); !this.#tokens.take("}"); this.#tokens.skipEnds()) {
      if (this.#tokens.take("case")) cases.push({ test: this.#expressions.primary(), body: [] });
      else if (this.#tokens.take("default")) cases.push({ body: [] });
      else {
        if (cases.length === 0) this.#tokens.fail();
        cases.at(-1)!.body.push(this.#statement());
        continue;
      }
      this.#tokens.expect(":");
    }
    return { kind: "switch", value, cases };
  }

  #simple(): AwkStatement {
    const { kind, text } = this.#tokens.current;
    if (kind === "keyword") {
      if (text === "print" || text === "printf") return this.#print(text === "printf");
      if (text === "next" || text === "nextfile" || text === "break" || text === "continue") {
        this.#tokens.advance();
        return { kind: text };
      }
      if (text === "exit" || text === "return") {
        this.#tokens.advance();
        const isBare =
          this.#tokens.current.kind === "newline" || this.#tokens.is(";", "operator") || this.#tokens.is("}");
        return isBare ? { kind: text } : { kind: text, value: this.#expressions.expression() };
      }
      if (text === "delete") {
        this.#tokens.advance();
        const name = this.#tokens.name();
        if (!this.#tokens.take("[")) return { kind: "delete", name };
        const keys = this.#expressions.list("]");
        return { kind: "delete", name, keys };
      }
    }
    return { kind: "expression", value: this.#expressions.expression() };
  }

  #print(isFormat: boolean): AwkStatement {
    this.#tokens.advance();
    return this.#expressions.printed(() => {
      const list = this.#printedList();
      const operator = [">", ">>", "|"].find((one) => this.#tokens.take(one));
      if (operator === undefined) return { kind: "print", isFormat, list };
      return { kind: "print", isFormat, list, operator, target: this.#expressions.concatenation() };
    });
  }

  /** What is printed, which may be in parentheses. */
  #printedList(): readonly AwkExpression[] {
    const { kind } = this.#tokens.current;
    const ends = ["}", ">", ">>", "|", ")"];
    if (kind === "newline" || kind === "end" || this.#tokens.is(";", "operator")) return [];
    if (ends.some((text) => this.#tokens.is(text))) return [];
    const first = this.#expressions.expression();
    const list = [first];
    while (this.#tokens.take(",")) {
      this.#tokens.skipLines();
      list.push(this.#expressions.expression());
    }
    return list.length === 1 && first.kind === "group" ? first.list : list;
  }
}
