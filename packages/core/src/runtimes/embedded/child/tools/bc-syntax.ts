/** A part of a program of `bc`. */
export type BcNode =
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "variable"; readonly name: string; readonly index?: BcNode }
  | { readonly kind: "call"; readonly name: string; readonly given: readonly BcNode[] }
  | { readonly kind: "unary"; readonly operator: string; readonly value: BcNode }
  | { readonly kind: "step"; readonly by: 1 | -1; readonly isPrefix: boolean; readonly target: BcNode }
  | { readonly kind: "binary"; readonly operator: string; readonly left: BcNode; readonly right: BcNode }
  | { readonly kind: "assign"; readonly operator: string; readonly target: BcNode; readonly value: BcNode };

export type BcStatement =
  | { readonly kind: "show"; readonly value: BcNode }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly parts: readonly (BcNode | string)[] }
  | {
      readonly kind: "if";
      readonly test: BcNode;
      readonly yes: BcStatement;
      readonly otherwise?: BcStatement;
    }
  | {
      readonly kind: "for";
      readonly start?: BcNode;
      readonly test?: BcNode;
      readonly step?: BcNode;
      readonly body: BcStatement;
    }
  | { readonly kind: "block"; readonly body: readonly BcStatement[] }
  | {
      readonly kind: "define";
      readonly name: string;
      readonly names: readonly string[];
      readonly own: readonly string[];
      readonly body: BcStatement;
    }
  | { readonly kind: "return"; readonly value?: BcNode }
  | { readonly kind: "break" | "continue" | "quit" };

interface Token {
  readonly text: string;
  readonly line: number;
}

const pattern =
  /\s*?(?:\/\*[^]*?\*\/|#[^\n]*)|(\n|"[^"]*"|[\dA-F]*\.[\dA-F]+|[\dA-F]+\.?|[a-z_][a-z0-9_]*|\+\+|--|[-+*/%^]=|[<>=!]=|&&|\|\||[-+*/%^<>=!(){}[\];,])|([^\S\n]+)|([^])/y;
const levels: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["<", ">", "<=", ">=", "==", "!="],
  ["+", "-"],
  ["*", "/", "%"],
];

/** Reads a program as far as it is right. */
export function parseBc(text: string): {
  statements: readonly BcStatement[];
  error?: { readonly line: number };
} {
  const parser = new BcParser(text);
  const statements: BcStatement[] = [];
  try {
    for (parser.skipEnds(); !parser.isDone; parser.skipEnds()) statements.push(parser.statement());
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { statements, error: { line: parser.line } };
  }
  return { statements };
}

class BcParser {
  readonly #tokens: Token[] = [];
  #at = 0;

  constructor(text: string) {
    let line = 1;
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match && match[0] !== ""; match = pattern.exec(text)) {
      const token = match[1] ?? match[3];
      if (token !== undefined) this.#tokens.push({ text: token, line });
      line += match[0].split("\n").length - 1;
    }
  }

  get isDone(): boolean {
    return this.#at >= this.#tokens.length;
  }
  get line(): number {
    return (this.#tokens[this.#at] ?? this.#tokens.at(-1))?.line ?? 1;
  }
  #peek(): string {
    return this.#tokens[this.#at]?.text ?? "";
  }
  #take(...texts: readonly string[]): boolean {
    if (this.isDone || !texts.includes(this.#peek())) return false;
    this.#at += 1;
    return true;
  }
  #expect(text: string): void {
    if (!this.#take(text)) throw new SyntaxError(text);
  }
  skipEnds(): void {
    while (this.#take("\n", ";"));
  }
  #skipLines(): void {
    while (this.#take("\n"));
  }
  #word(): string {
    const text = this.#peek();
    if (!/^[a-z_]/.test(text)) throw new SyntaxError(text);
    this.#at += 1;
    return text;
  }

  statement(): BcStatement {
    const text = this.#peek();
    if (text.startsWith('"')) {
      this.#at += 1;
      return { kind: "text", text: text.slice(1, -1) };
    }
    if (this.#take("{")) {
      const body: BcStatement[] = [];
      for (this.skipEnds(); !this.#take("}"); this.skipEnds()) {
        if (this.isDone) throw new SyntaxError("}");
        body.push(this.statement());
      }
      return { kind: "block", body };
    }
    if (this.#take("if")) return this.#choice();
    if (this.#take("while")) {
      const test = this.#inParentheses();
      this.#skipLines();
      return { kind: "for", test, body: this.statement() };
    }
    if (this.#take("for")) return this.#loop();
    if (this.#take("define")) return this.#definition();
    if (this.#take("return")) {
      const isBare = this.isDone || ["\n", ";", "}"].includes(this.#peek());
      return isBare ? { kind: "return" } : { kind: "return", value: this.expression() };
    }
    if (this.#take("break")) return { kind: "break" };
    if (this.#take("continue")) return { kind: "continue" };
    if (this.#take("quit", "halt")) return { kind: "quit" };
    if (this.#take("print")) {
      const parts: (BcNode | string)[] = [];
      do {
        const part = this.#peek();
        if (part.startsWith('"')) {
          this.#at += 1;
          parts.push(part.slice(1, -1));
        } else parts.push(this.expression());
      } while (this.#take(","));
      return { kind: "print", parts };
    }
    return { kind: "show", value: this.expression() };
  }

  #inParentheses(): BcNode {
    this.#expect("(");
    const value = this.expression();
    this.#expect(")");
    return value;
  }

  #choice(): BcStatement {
    const test = this.#inParentheses();
    this.#skipLines();
    const yes = this.statement();
    const before = this.#at;
    this.skipEnds();
    if (!this.#take("else")) {
      this.#at = before;
      return { kind: "if", test, yes };
    }
    this.#skipLines();
    return { kind: "if", test, yes, otherwise: this.statement() };
  }

  #loop(): BcStatement {
    this.#expect("(");
    const part = (end: string): BcNode | undefined => {
      if (this.#take(end)) return undefined;
      const value = this.expression();
      this.#expect(end);
      return value;
    };
    const [start, test, step] = [part(";"), part(";"), part(")")];
    this.#skipLines();
    const body = this.statement();
    return {
      kind: "for",
      ...(start ? { start } : {}),
      ...(test ? { test } : {}),
      ...(step ? { step } : {}),
      body,
    };
  }

  #names(end: string): string[] {
    const names: string[] = [];
    while (!this.#take(end)) {
      const name = this.#word();
      names.push(this.#take("[") ? `${name}[]` : name);
      if (names.at(-1)!.endsWith("[]")) this.#expect("]");
      this.#take(",");
    }
    return names;
  }

  #definition(): BcStatement {
    const name = this.#word();
    this.#expect("(");
    const names = this.#names(")");
    this.#skipLines();
    this.#expect("{");
    this.skipEnds();
    const own: string[] = [];
    while (this.#take("auto")) {
      do {
        own.push(this.#word());
        if (this.#take("[")) this.#expect("]");
      } while (this.#take(","));
      this.skipEnds();
    }
    const body: BcStatement[] = [];
    for (this.skipEnds(); !this.#take("}"); this.skipEnds()) {
      if (this.isDone) throw new SyntaxError("}");
      body.push(this.statement());
    }
    return { kind: "define", name, names, own, body: { kind: "block", body } };
  }

  expression(): BcNode {
    const left = this.#level(0);
    const operator = this.#peek();
    if (!/^[-+*/%^]?=$/.test(operator) || left.kind !== "variable") return left;
    this.#at += 1;
    return { kind: "assign", operator, target: left, value: this.expression() };
  }

  #level(depth: number): BcNode {
    if (depth === levels.length) return this.#power();
    if (depth === 1 && this.#take("!")) return { kind: "unary", operator: "!", value: this.#level(depth) };
    let left = this.#level(depth + 1);
    for (let operator = this.#peek(); levels[depth]!.includes(operator); operator = this.#peek()) {
      this.#at += 1;
      left = { kind: "binary", operator, left, right: this.#level(depth + 1) };
    }
    return left;
  }

  #power(): BcNode {
    const left = this.#unary();
    if (!this.#take("^")) return left;
    return { kind: "binary", operator: "^", left, right: this.#power() };
  }

  #unary(): BcNode {
    if (this.#take("-")) return { kind: "unary", operator: "-", value: this.#unary() };
    if (this.#take("!")) return { kind: "unary", operator: "!", value: this.#unary() };
    for (const [text, by] of [
      ["++", 1],
      ["--", -1],
    ] as const) {
      if (this.#take(text)) return { kind: "step", by, isPrefix: true, target: this.#unary() };
    }
    const value = this.#primary();
    if (value.kind === "variable") {
      if (this.#take("++")) return { kind: "step", by: 1, isPrefix: false, target: value };
      if (this.#take("--")) return { kind: "step", by: -1, isPrefix: false, target: value };
    }
    return value;
  }

  #primary(): BcNode {
    if (this.#take("(")) {
      const value = this.expression();
      this.#expect(")");
      // What stands in parentheses is shown, also when it is an assignment.
      return value.kind === "assign" ? { kind: "call", name: "(", given: [value] } : value;
    }
    const text = this.#peek();
    if (/^[\dA-F.]/.test(text)) {
      this.#at += 1;
      return { kind: "number", text };
    }
    const name = this.#word();
    if (this.#take("[")) {
      const index = this.expression();
      this.#expect("]");
      return { kind: "variable", name, index };
    }
    if (!this.#take("(")) return { kind: "variable", name };
    const given: BcNode[] = [];
    while (!this.#take(")")) {
      given.push(this.expression());
      if (!this.#take(",") && this.#peek() !== ")") throw new SyntaxError(")");
    }
    return { kind: "call", name, given };
  }
}
