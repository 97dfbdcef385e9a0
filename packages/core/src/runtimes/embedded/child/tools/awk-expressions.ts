import type { AwkExpression } from "./awk-syntax.ts";
import type { AwkTokens } from "./awk-tokens.ts";
import { ToolError } from "./tool.ts";

const assigning = /^(?:=|\+=|-=|\*=|\/=|%=|\^=|\*\*=)$/;
const comparing = /^(?:<|<=|==|!=|>|>=)$/;

/** Reads expressions, from the operator that binds least to the one that binds most; throws a ToolError where there is none. */
export class AwkExpressions {
  readonly #tokens: AwkTokens;
  /** In the list of `print`, `>` is where it goes. */
  #isPrinting = false;

  constructor(tokens: AwkTokens) {
    this.#tokens = tokens;
  }

  /** What `read` reads, where `>` compares nothing unless it is in parentheses. */
  printed<Result>(read: () => Result): Result {
    const outer = this.#isPrinting;
    this.#isPrinting = true;
    const result = read();
    this.#isPrinting = outer;
    return result;
  }

  /** Expressions between commas, up to what closes them, which is read as well. */
  list(close: string): AwkExpression[] {
    const outer = this.#isPrinting;
    this.#isPrinting = false;
    const list: AwkExpression[] = [];
    this.#tokens.skipLines();
    while (!this.#tokens.take(close)) {
      list.push(this.expression());
      this.#tokens.skipLines();
      if (!this.#tokens.take(",") && !this.#tokens.is(close)) this.#tokens.fail();
      this.#tokens.skipLines();
    }
    this.#isPrinting = outer;
    return list;
  }

  expression(): AwkExpression {
    const left = this.#choice();
    if (this.#tokens.current.kind !== "operator" || !assigning.test(this.#tokens.current.text)) return left;
    if (left.kind !== "name" && left.kind !== "field" && left.kind !== "element") this.#tokens.fail();
    const operator = this.#tokens.current.text.replace("**", "^");
    this.#tokens.advance();
    this.#tokens.skipLines();
    return { kind: "assign", operator, target: left, value: this.expression() };
  }

  #choice(): AwkExpression {
    const test = this.#or();
    if (!this.#tokens.take("?")) return test;
    this.#tokens.skipLines();
    const yes = this.expression();
    this.#tokens.skipLines();
    this.#tokens.expect(":");
    this.#tokens.skipLines();
    return { kind: "choice", test, yes, otherwise: this.expression() };
  }

  #or(): AwkExpression {
    let left = this.#and();
    while (this.#tokens.take("||")) {
      this.#tokens.skipLines();
      left = { kind: "binary", operator: "||", left, right: this.#and() };
    }
    return left;
  }

  #and(): AwkExpression {
    let left = this.#in();
    while (this.#tokens.take("&&")) {
      this.#tokens.skipLines();
      left = { kind: "binary", operator: "&&", left, right: this.#in() };
    }
    return left;
  }

  #in(): AwkExpression {
    let left = this.#match();
    while (this.#tokens.take("in")) {
      const name = this.#tokens.name();
      left = { kind: "in", keys: left.kind === "group" ? left.list : [left], name };
    }
    return left;
  }

  #match(): AwkExpression {
    let left = this.#comparison();
    while (this.#tokens.is("~") || this.#tokens.is("!~")) {
      const operator = this.#tokens.current.text;
      this.#tokens.advance();
      left = { kind: "binary", operator, left, right: this.#comparison() };
    }
    return left;
  }

  #comparison(): AwkExpression {
    let left = this.concatenation();
    for (;;) {
      const { kind, text } = this.#tokens.current;
      if (kind === "operator" && comparing.test(text) && !(this.#isPrinting && text === ">")) {
        this.#tokens.advance();
        left = { kind: "binary", operator: text, left, right: this.concatenation() };
      } else if (kind === "operator" && text === "|" && this.#tokens.ahead(1)?.text === "getline") {
        this.#tokens.advance(2);
        left = { kind: "getline", command: left, target: this.#target() };
      } else return left;
    }
  }

  #startsOperand(): boolean {
    const { kind, text } = this.#tokens.current;
    if (
      kind === "number" ||
      kind === "string" ||
      kind === "regex" ||
      kind === "name" ||
      kind === "call" ||
      kind === "builtin"
    )
      return true;
    return kind === "operator" && /^(?:\$|!|\(|-|\+|\+\+|--)$/.test(text);
  }

  concatenation(): AwkExpression {
    let left = this.#sum();
    while (this.#startsOperand() && !this.#tokens.is("in")) {
      left = { kind: "binary", operator: " ", left, right: this.#sum() };
    }
    return left;
  }

  #sum(): AwkExpression {
    let left = this.#product();
    while (this.#tokens.is("+", "operator") || this.#tokens.is("-", "operator")) {
      const operator = this.#tokens.current.text;
      this.#tokens.advance();
      left = { kind: "binary", operator, left, right: this.#product() };
    }
    return left;
  }

  #product(): AwkExpression {
    let left = this.#unary();
    while (
      this.#tokens.is("*", "operator") ||
      this.#tokens.is("/", "operator") ||
      this.#tokens.is("%", "operator")
    ) {
      const operator = this.#tokens.current.text;
      this.#tokens.advance();
      left = { kind: "binary", operator, left, right: this.#unary() };
    }
    return left;
  }

  #unary(): AwkExpression {
    for (const operator of ["!", "-", "+"]) {
      if (this.#tokens.is(operator, "operator")) {
        this.#tokens.advance();
        return { kind: "unary", operator, value: this.#unary() };
      }
    }
    return this.#power();
  }

  #power(): AwkExpression {
    const left = this.#postfix();
    if (!this.#tokens.take("^") && !this.#tokens.take("**")) return left;
    const sign = ["-", "+", "!"].find((operator) => this.#tokens.is(operator, "operator"));
    if (sign !== undefined) this.#tokens.advance();
    const right = this.#power();
    return {
      kind: "binary",
      operator: "^",
      left,
      right: sign === undefined ? right : { kind: "unary", operator: sign, value: right },
    };
  }

  #postfix(): AwkExpression {
    const target = this.primary();
    if (target.kind !== "name" && target.kind !== "field" && target.kind !== "element") return target;
    if (this.#tokens.take("++")) return { kind: "step", by: 1, isPrefix: false, target };
    if (this.#tokens.take("--")) return { kind: "step", by: -1, isPrefix: false, target };
    return target;
  }

  /** What `getline` reads into, if it is told. */
  #target(): AwkExpression | undefined {
    return this.#tokens.current.kind === "name" || this.#tokens.is("$") ? this.primary() : undefined;
  }

  primary(): AwkExpression {
    const { kind, text } = this.#tokens.current;
    this.#tokens.advance();
    if (kind === "number") {
      return { kind: "number", value: /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text) };
    }
    if (kind === "string") return { kind: "string", value: text };
    if (kind === "regex") return { kind: "regex", source: text };
    if (kind === "name") {
      if (!this.#tokens.take("[")) return { kind: "name", name: text };
      const keys = this.list("]");
      if (this.#tokens.is("["))
        throw new ToolError("arrays of arrays are not in this sandbox: use a[x, y]", 2);
      return { kind: "element", name: text, keys };
    }
    if (kind === "call" || kind === "builtin") {
      if (!this.#tokens.take("(")) {
        if (text !== "length") this.#tokens.fail();
        return { kind: "call", name: text, isBuiltin: true, given: [] };
      }
      return { kind: "call", name: text, isBuiltin: kind === "builtin", given: this.list(")") };
    }
    if (kind === "keyword" && text === "getline") {
      const target = this.#target();
      if (!this.#tokens.take("<")) return { kind: "getline", target };
      return { kind: "getline", target, file: this.primary() };
    }
    if (kind === "operator") {
      if (text === "$") {
        if (this.#tokens.is("++") || this.#tokens.is("--")) {
          const by = this.#tokens.is("++") ? 1 : -1;
          this.#tokens.advance();
          return { kind: "field", index: { kind: "step", by, isPrefix: true, target: this.primary() } };
        }
        if (this.#tokens.take("-"))
          return { kind: "field", index: { kind: "unary", operator: "-", value: this.primary() } };
        return { kind: "field", index: this.primary() };
      }
      if (text === "++" || text === "--")
        return { kind: "step", by: text === "++" ? 1 : -1, isPrefix: true, target: this.primary() };
      if (text === "(") {
        const list = this.list(")");
        if (list.length === 0) this.#tokens.fail();
        return { kind: "group", list };
      }
      if (text === "-" || text === "+" || text === "!")
        return { kind: "unary", operator: text, value: this.#unary() };
    }
    this.#tokens.advance(-1);
    return this.#tokens.fail();
  }
}
