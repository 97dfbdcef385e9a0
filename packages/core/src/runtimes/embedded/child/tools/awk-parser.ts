import { tokensOf } from "./awk-lexer.ts";
import type { AwkToken } from "./awk-lexer.ts";
import { ToolError } from "./tool.ts";

export type AwkExpression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "regex"; readonly source: string }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "field"; readonly index: AwkExpression }
  | { readonly kind: "element"; readonly name: string; readonly keys: readonly AwkExpression[] }
  | { readonly kind: "group"; readonly list: readonly AwkExpression[] }
  | { readonly kind: "in"; readonly keys: readonly AwkExpression[]; readonly name: string }
  | {
      readonly kind: "assign";
      readonly operator: string;
      readonly target: AwkExpression;
      readonly value: AwkExpression;
    }
  | { readonly kind: "step"; readonly by: 1 | -1; readonly isPrefix: boolean; readonly target: AwkExpression }
  | { readonly kind: "unary"; readonly operator: string; readonly value: AwkExpression }
  | {
      readonly kind: "binary";
      readonly operator: string;
      readonly left: AwkExpression;
      readonly right: AwkExpression;
    }
  | {
      readonly kind: "choice";
      readonly test: AwkExpression;
      readonly yes: AwkExpression;
      readonly otherwise: AwkExpression;
    }
  | {
      readonly kind: "call";
      readonly name: string;
      readonly isBuiltin: boolean;
      readonly given: readonly AwkExpression[];
    }
  | {
      readonly kind: "getline";
      readonly target?: AwkExpression | undefined;
      readonly file?: AwkExpression;
      readonly command?: AwkExpression;
    };

export type AwkStatement =
  | { readonly kind: "block"; readonly body: readonly AwkStatement[] }
  | { readonly kind: "expression"; readonly value: AwkExpression }
  | {
      readonly kind: "print";
      readonly isFormat: boolean;
      readonly list: readonly AwkExpression[];
      readonly operator?: string;
      readonly target?: AwkExpression;
    }
  | {
      readonly kind: "if";
      readonly test: AwkExpression;
      readonly yes: AwkStatement;
      readonly otherwise?: AwkStatement;
    }
  | {
      readonly kind: "while";
      readonly test: AwkExpression;
      readonly body: AwkStatement;
      readonly isAfter: boolean;
    }
  | {
      readonly kind: "for";
      readonly start?: AwkStatement;
      readonly test?: AwkExpression;
      readonly step?: AwkStatement;
      readonly body: AwkStatement;
    }
  | {
      readonly kind: "forIn";
      readonly variable: AwkExpression;
      readonly name: string;
      readonly body: AwkStatement;
    }
  | {
      readonly kind: "switch";
      readonly value: AwkExpression;
      readonly cases: readonly { readonly test?: AwkExpression; readonly body: readonly AwkStatement[] }[];
    }
  | { readonly kind: "delete"; readonly name: string; readonly keys?: readonly AwkExpression[] }
  | { readonly kind: "exit" | "return"; readonly value?: AwkExpression }
  | { readonly kind: "break" | "continue" | "next" | "nextfile" };

export interface AwkRule {
  readonly when: "BEGIN" | "END" | "BEGINFILE" | "ENDFILE" | "record";
  readonly pattern?: AwkExpression;
  readonly until?: AwkExpression;
  readonly body?: AwkStatement;
}

export interface AwkFunction {
  readonly name: string;
  readonly names: readonly string[];
  readonly body: AwkStatement;
}

export interface AwkProgram {
  readonly rules: readonly AwkRule[];
  readonly functions: readonly AwkFunction[];
}

const assigning = /^(?:=|\+=|-=|\*=|\/=|%=|\^=|\*\*=)$/;
const comparing = /^(?:<|<=|==|!=|>|>=)$/;

/** Reads a program of `awk`; throws a ToolError for one that is none. */
export function parseAwk(source: string): AwkProgram {
  return new AwkParser(tokensOf(source)).program();
}

class AwkParser {
  readonly #tokens: readonly AwkToken[];
  #at = 0;
  /** In the list of `print`, `>` is where it goes. */
  #isPrinting = false;
  /** In the head of `for`, `in` may belong to it. */
  #withoutIn = false;

  constructor(tokens: readonly AwkToken[]) {
    this.#tokens = tokens;
  }

  get #token(): AwkToken {
    return this.#tokens[this.#at]!;
  }
  #is(text: string, kind?: AwkToken["kind"]): boolean {
    const token = this.#token;
    return (
      token.text === text &&
      token.kind !== "string" &&
      token.kind !== "regex" &&
      (kind === undefined || token.kind === kind)
    );
  }
  #take(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at += 1;
    return true;
  }
  #expect(text: string): void {
    if (!this.#take(text)) this.#fail();
  }
  #fail(): never {
    const { text, line, kind } = this.#token;
    const what =
      kind === "newline" || kind === "end"
        ? "unexpected newline or end of string"
        : `syntax error near ${text}`;
    throw new ToolError(`cmd. line:${line}: ${what}`, 1);
  }
  #skip(): void {
    while (this.#token.kind === "newline" || this.#is(";", "operator")) this.#at += 1;
  }
  #lines(): void {
    while (this.#token.kind === "newline") this.#at += 1;
  }

  program(): AwkProgram {
    const rules: AwkRule[] = [];
    const functions: AwkFunction[] = [];
    for (this.#skip(); this.#token.kind !== "end"; this.#skip()) {
      if (this.#take("function")) functions.push(this.#function());
      else rules.push(this.#rule());
    }
    return { rules, functions };
  }

  #function(): AwkFunction {
    const name = this.#token.text;
    this.#at += 1;
    this.#expect("(");
    const names: string[] = [];
    while (!this.#take(")")) {
      this.#lines();
      if (this.#token.kind !== "name") this.#fail();
      names.push(this.#token.text);
      this.#at += 1;
      this.#take(",");
      this.#lines();
    }
    this.#lines();
    return { name, names, body: this.#block() };
  }

  #rule(): AwkRule {
    for (const when of ["BEGIN", "END", "BEGINFILE", "ENDFILE"] as const) {
      if (this.#is(when, "keyword")) {
        this.#at += 1;
        this.#lines();
        return { when, body: this.#block() };
      }
    }
    if (this.#is("{")) return { when: "record", body: this.#block() };
    const pattern = this.#expression();
    let until: AwkExpression | undefined;
    if (this.#take(",")) {
      this.#lines();
      until = this.#expression();
    }
    const body = this.#is("{") ? this.#block() : undefined;
    return { when: "record", pattern, ...(until ? { until } : {}), ...(body ? { body } : {}) };
  }

  #block(): AwkStatement {
    this.#expect("{");
    const body: AwkStatement[] = [];
    for (this.#skip(); !this.#take("}"); this.#skip()) {
      if (this.#token.kind === "end") this.#fail();
      body.push(this.#statement());
    }
    return { kind: "block", body };
  }

  #end(): void {
    if (this.#is("}") || this.#token.kind === "end") return;
    if (this.#token.kind !== "newline" && !this.#is(";", "operator")) this.#fail();
    this.#skip();
  }

  #inner(): AwkStatement {
    this.#lines();
    if (this.#is(";", "operator")) {
      this.#at += 1;
      return { kind: "block", body: [] };
    }
    return this.#statement();
  }

  #statement(): AwkStatement {
    if (this.#is("{")) return this.#block();
    if (this.#take("if")) return this.#if();
    if (this.#take("while")) {
      const test = this.#inParentheses();
      if (this.#take(";")) return { kind: "while", test, body: { kind: "block", body: [] }, isAfter: false };
      return { kind: "while", test, body: this.#inner(), isAfter: false };
    }
    if (this.#take("do")) {
      const body = this.#inner();
      this.#skip();
      this.#expect("while");
      const test = this.#inParentheses();
      this.#end();
      return { kind: "while", test, body, isAfter: true };
    }
    if (this.#take("for")) return this.#for();
    if (this.#take("switch")) return this.#switch();
    const statement = this.#simple();
    this.#end();
    return statement;
  }

  #inParentheses(): AwkExpression {
    this.#expect("(");
    const value = this.#expression();
    this.#lines();
    this.#expect(")");
    return value;
  }

  #if(): AwkStatement {
    const test = this.#inParentheses();
    const yes = this.#inner();
    const before = this.#at;
    this.#skip();
    if (this.#take("else")) return { kind: "if", test, yes, otherwise: this.#inner() };
    this.#at = before;
    return { kind: "if", test, yes };
  }

  #for(): AwkStatement {
    this.#expect("(");
    const [variable, word, name, close] = this.#tokens.slice(this.#at);
    if (variable?.kind === "name" && word?.text === "in" && name?.kind === "name" && close?.text === ")") {
      this.#at += 4;
      return {
        kind: "forIn",
        variable: { kind: "name", name: variable.text },
        name: name.text,
        body: this.#inner(),
      };
    }
    const start = this.#is(";", "operator") ? undefined : this.#simple();
    this.#expect(";");
    this.#lines();
    const test = this.#is(";", "operator") ? undefined : this.#expression();
    this.#expect(";");
    this.#lines();
    const step = this.#is(")") ? undefined : this.#simple();
    this.#expect(")");
    if (this.#take(";"))
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
    this.#lines();
    this.#expect("{");
    const cases: { test?: AwkExpression; body: AwkStatement[] }[] = [];
    for (this.#skip(); !this.#take("}"); this.#skip()) {
      if (this.#take("case")) cases.push({ test: this.#primary(), body: [] });
      else if (this.#take("default")) cases.push({ body: [] });
      else {
        if (cases.length === 0) this.#fail();
        cases.at(-1)!.body.push(this.#statement());
        continue;
      }
      this.#expect(":");
    }
    return { kind: "switch", value, cases };
  }

  #simple(): AwkStatement {
    const { kind, text } = this.#token;
    if (kind === "keyword") {
      if (text === "print" || text === "printf") return this.#print(text === "printf");
      if (text === "next" || text === "nextfile" || text === "break" || text === "continue") {
        this.#at += 1;
        return { kind: text };
      }
      if (text === "exit" || text === "return") {
        this.#at += 1;
        const isBare = this.#token.kind === "newline" || this.#is(";", "operator") || this.#is("}");
        return isBare ? { kind: text } : { kind: text, value: this.#expression() };
      }
      if (text === "delete") {
        this.#at += 1;
        const name = this.#token.text;
        this.#at += 1;
        if (!this.#take("[")) return { kind: "delete", name };
        const keys = this.#list("]");
        return { kind: "delete", name, keys };
      }
    }
    return { kind: "expression", value: this.#expression() };
  }

  #print(isFormat: boolean): AwkStatement {
    this.#at += 1;
    const outer = this.#isPrinting;
    this.#isPrinting = true;
    const list: AwkExpression[] = [];
    const isEnd = (): boolean =>
      this.#token.kind === "newline" ||
      this.#token.kind === "end" ||
      this.#is(";", "operator") ||
      this.#is("}") ||
      this.#is(">") ||
      this.#is(">>") ||
      this.#is("|") ||
      this.#is(")");
    if (!isEnd()) {
      list.push(this.#expression());
      while (this.#take(",")) {
        this.#lines();
        list.push(this.#expression());
      }
      const [first] = list;
      if (list.length === 1 && first!.kind === "group") list.splice(0, 1, ...first.list);
    }
    let operator: string | undefined;
    for (const one of [">", ">>", "|"]) if (operator === undefined && this.#take(one)) operator = one;
    const target = operator === undefined ? undefined : this.#concatenation();
    this.#isPrinting = outer;
    return { kind: "print", isFormat, list, ...(operator && target ? { operator, target } : {}) };
  }

  #list(close: string): AwkExpression[] {
    const outer = [this.#isPrinting, this.#withoutIn] as const;
    [this.#isPrinting, this.#withoutIn] = [false, false];
    const list: AwkExpression[] = [];
    this.#lines();
    while (!this.#take(close)) {
      list.push(this.#expression());
      this.#lines();
      if (!this.#take(",") && !this.#is(close)) this.#fail();
      this.#lines();
    }
    [this.#isPrinting, this.#withoutIn] = outer;
    return list;
  }

  #expression(): AwkExpression {
    const left = this.#choice();
    if (this.#token.kind !== "operator" || !assigning.test(this.#token.text)) return left;
    if (left.kind !== "name" && left.kind !== "field" && left.kind !== "element") this.#fail();
    const operator = this.#token.text.replace("**", "^");
    this.#at += 1;
    this.#lines();
    return { kind: "assign", operator, target: left, value: this.#expression() };
  }

  #choice(): AwkExpression {
    const test = this.#or();
    if (!this.#take("?")) return test;
    this.#lines();
    const yes = this.#expression();
    this.#lines();
    this.#expect(":");
    this.#lines();
    return { kind: "choice", test, yes, otherwise: this.#expression() };
  }

  #or(): AwkExpression {
    let left = this.#and();
    while (this.#take("||")) {
      this.#lines();
      left = { kind: "binary", operator: "||", left, right: this.#and() };
    }
    return left;
  }

  #and(): AwkExpression {
    let left = this.#in();
    while (this.#take("&&")) {
      this.#lines();
      left = { kind: "binary", operator: "&&", left, right: this.#in() };
    }
    return left;
  }

  #in(): AwkExpression {
    let left = this.#match();
    while (!this.#withoutIn && this.#take("in")) {
      const name = this.#token.text;
      this.#at += 1;
      left = { kind: "in", keys: left.kind === "group" ? left.list : [left], name };
    }
    return left;
  }

  #match(): AwkExpression {
    let left = this.#comparison();
    while (this.#is("~") || this.#is("!~")) {
      const operator = this.#token.text;
      this.#at += 1;
      left = { kind: "binary", operator, left, right: this.#comparison() };
    }
    return left;
  }

  #comparison(): AwkExpression {
    let left = this.#concatenation();
    for (;;) {
      const { kind, text } = this.#token;
      if (kind === "operator" && comparing.test(text) && !(this.#isPrinting && text === ">")) {
        this.#at += 1;
        left = { kind: "binary", operator: text, left, right: this.#concatenation() };
      } else if (kind === "operator" && text === "|" && this.#tokens[this.#at + 1]?.text === "getline") {
        this.#at += 2;
        left = { kind: "getline", command: left, target: this.#target() };
      } else return left;
    }
  }

  #startsOperand(): boolean {
    const { kind, text } = this.#token;
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

  #concatenation(): AwkExpression {
    let left = this.#sum();
    while (this.#startsOperand() && !this.#is("in")) {
      left = { kind: "binary", operator: " ", left, right: this.#sum() };
    }
    return left;
  }

  #sum(): AwkExpression {
    let left = this.#product();
    while (this.#is("+", "operator") || this.#is("-", "operator")) {
      const operator = this.#token.text;
      this.#at += 1;
      left = { kind: "binary", operator, left, right: this.#product() };
    }
    return left;
  }

  #product(): AwkExpression {
    let left = this.#unary();
    while (this.#is("*", "operator") || this.#is("/", "operator") || this.#is("%", "operator")) {
      const operator = this.#token.text;
      this.#at += 1;
      left = { kind: "binary", operator, left, right: this.#unary() };
    }
    return left;
  }

  #unary(): AwkExpression {
    for (const operator of ["!", "-", "+"]) {
      if (this.#is(operator, "operator")) {
        this.#at += 1;
        return { kind: "unary", operator, value: this.#unary() };
      }
    }
    return this.#power();
  }

  #power(): AwkExpression {
    const left = this.#postfix();
    if (!this.#take("^") && !this.#take("**")) return left;
    const sign = ["-", "+", "!"].find((operator) => this.#is(operator, "operator"));
    if (sign !== undefined) this.#at += 1;
    const right = this.#power();
    return {
      kind: "binary",
      operator: "^",
      left,
      right: sign === undefined ? right : { kind: "unary", operator: sign, value: right },
    };
  }

  #postfix(): AwkExpression {
    const target = this.#primary();
    if (target.kind !== "name" && target.kind !== "field" && target.kind !== "element") return target;
    if (this.#take("++")) return { kind: "step", by: 1, isPrefix: false, target };
    if (this.#take("--")) return { kind: "step", by: -1, isPrefix: false, target };
    return target;
  }

  /** What `getline` reads into, if it is told. */
  #target(): AwkExpression | undefined {
    return this.#token.kind === "name" || this.#is("$") ? this.#primary() : undefined;
  }

  #primary(): AwkExpression {
    const { kind, text } = this.#token;
    this.#at += 1;
    if (kind === "number") {
      return { kind: "number", value: /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text) };
    }
    if (kind === "string") return { kind: "string", value: text };
    if (kind === "regex") return { kind: "regex", source: text };
    if (kind === "name") {
      if (!this.#take("[")) return { kind: "name", name: text };
      const keys = this.#list("]");
      if (this.#is("[")) throw new ToolError("arrays of arrays are not in this sandbox: use a[x, y]", 2);
      return { kind: "element", name: text, keys };
    }
    if (kind === "call" || kind === "builtin") {
      if (!this.#take("(")) {
        if (text !== "length") this.#fail();
        return { kind: "call", name: text, isBuiltin: true, given: [] };
      }
      return { kind: "call", name: text, isBuiltin: kind === "builtin", given: this.#list(")") };
    }
    if (kind === "keyword" && text === "getline") {
      const target = this.#target();
      if (!this.#take("<")) return { kind: "getline", target };
      return { kind: "getline", target, file: this.#primary() };
    }
    if (kind === "operator") {
      if (text === "$") {
        if (this.#is("++") || this.#is("--")) {
          const by = this.#is("++") ? 1 : -1;
          this.#at += 1;
          return { kind: "field", index: { kind: "step", by, isPrefix: true, target: this.#primary() } };
        }
        if (this.#take("-"))
          return { kind: "field", index: { kind: "unary", operator: "-", value: this.#primary() } };
        return { kind: "field", index: this.#primary() };
      }
      if (text === "++" || text === "--")
        return { kind: "step", by: text === "++" ? 1 : -1, isPrefix: true, target: this.#primary() };
      if (text === "(") {
        const list = this.#list(")");
        if (list.length === 0) this.#fail();
        return { kind: "group", list };
      }
      if (text === "-" || text === "+" || text === "!")
        return { kind: "unary", operator: text, value: this.#unary() };
    }
    this.#at -= 1;
    return this.#fail();
  }
}
