import {
  DivisionError,
  add,
  compare,
  divide,
  multiply,
  negated,
  one,
  parseNumber,
  power,
  remainder,
  rescaled,
  shown,
  squareRoot,
  whole,
  zero,
} from "./bc-numbers.ts";
import type { Decimal } from "./bc-numbers.ts";
import type { BcNode, BcStatement } from "./bc-syntax.ts";

type Define = Extract<BcStatement, { kind: "define" }>;

class Leaving extends Error {
  readonly what: "break" | "continue" | "return" | "quit";
  readonly value: Decimal;

  constructor(what: Leaving["what"], value: Decimal = zero) {
    super();
    this.what = what;
    this.value = value;
  }
}

const truth = (isTrue: boolean): Decimal => (isTrue ? one : zero);
const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  a: "\x07",
  b: "\b",
  f: "\f",
  r: "\r",
  q: '"',
  "\\": "\\",
};

/** Runs programs of `bc`; what they print is kept. */
export class Calculator {
  output = "";
  errors = "";
  isOver = false;
  readonly #variables = new Map<string, Decimal>();
  readonly #functions = new Map<string, Define>();
  readonly #isMath: boolean;

  constructor(isMath: boolean) {
    this.#isMath = isMath;
    this.#variables.set("scale", whole(isMath ? 20 : 0));
    this.#variables.set("ibase", whole(10));
    this.#variables.set("obase", whole(10));
  }

  run(statements: readonly BcStatement[]): void {
    for (const statement of statements) {
      try {
        this.#do(statement);
      } catch (error) {
        if (error instanceof DivisionError)
          this.errors += "Runtime error (func=(main), adr=3): Divide by zero\n";
        else if (error instanceof Leaving && error.what === "quit") {
          this.isOver = true;
          return;
        } else if (error instanceof RangeError || error instanceof ReferenceError)
          this.errors += `Runtime error (func=(main), adr=3): ${error.message}\n`;
        else if (!(error instanceof Leaving)) throw error;
      }
    }
  }

  #setting(name: "scale" | "ibase" | "obase"): number {
    return Number(rescaled(this.#variables.get(name)!, 0).digits);
  }

  #do(statement: BcStatement): void {
    switch (statement.kind) {
      case "show": {
        const value = this.#value(statement.value);
        if (statement.value.kind !== "assign") this.output += `${shown(value, this.#setting("obase"))}\n`;
        return;
      }
      case "text":
        this.output += statement.text;
        return;
      case "print":
        for (const part of statement.parts) {
          this.output +=
            typeof part === "string"
              ? part.replaceAll(/\\(.)/g, (_, letter: string) => escapes[letter] ?? `\\${letter}`)
              : shown(this.#value(part), this.#setting("obase"));
        }
        return;
      case "if":
        if (this.#isTrue(statement.test)) this.#do(statement.yes);
        else if (statement.otherwise) this.#do(statement.otherwise);
        return;
      case "for":
        return this.#loop(statement);
      case "block":
        statement.body.forEach((inner) => this.#do(inner));
        return;
      case "define":
        this.#functions.set(statement.name, statement);
        return;
      case "return":
        throw new Leaving("return", statement.value ? this.#value(statement.value) : zero);
      default:
        throw new Leaving(statement.kind);
    }
  }

  #loop({ start, test, step, body }: Extract<BcStatement, { kind: "for" }>): void {
    if (start) this.#value(start);
    for (; !test || this.#isTrue(test); step && this.#value(step)) {
      try {
        this.#do(body);
      } catch (error) {
        if (!(error instanceof Leaving) || error.what === "return" || error.what === "quit") throw error;
        if (error.what === "break") return;
      }
    }
  }

  #isTrue(node: BcNode): boolean {
    return this.#value(node).digits !== 0n;
  }

  #place(node: BcNode): string {
    if (node.kind !== "variable") throw new RangeError("not a variable");
    return node.index ? `${node.name}[${rescaled(this.#value(node.index), 0).digits}]` : node.name;
  }

  #value(node: BcNode): Decimal {
    switch (node.kind) {
      case "number":
        return parseNumber(node.text, this.#setting("ibase"));
      case "variable":
        return this.#variables.get(node.name === "last" ? "last" : this.#place(node)) ?? zero;
      case "unary": {
        const value = this.#value(node.value);
        return node.operator === "-" ? negated(value) : truth(value.digits === 0n);
      }
      case "step": {
        const place = this.#place(node.target);
        const before = this.#variables.get(place) ?? zero;
        const after = add(before, whole(node.by));
        this.#variables.set(place, after);
        return node.isPrefix ? after : before;
      }
      case "assign": {
        const place = this.#place(node.target);
        const value = this.#value(node.value);
        const operator = node.operator.slice(0, -1);
        const result = operator
          ? this.#calculated(operator, this.#variables.get(place) ?? zero, value)
          : value;
        this.#variables.set(place, result);
        return result;
      }
      case "binary":
        if (node.operator === "&&") return truth(this.#isTrue(node.left) && this.#isTrue(node.right));
        if (node.operator === "||") return truth(this.#isTrue(node.left) || this.#isTrue(node.right));
        return this.#calculated(node.operator, this.#value(node.left), this.#value(node.right));
      case "call":
        return this.#call(
          node.name,
          node.given.map((given) => this.#value(given)),
        );
    }
  }

  #calculated(operator: string, left: Decimal, right: Decimal): Decimal {
    const scale = this.#setting("scale");
    switch (operator) {
      case "+":
        return add(left, right);
      case "-":
        return add(left, negated(right));
      case "*":
        return multiply(left, right, scale);
      case "/":
        return divide(left, right, scale);
      case "%":
        return remainder(left, right, scale);
      case "^":
        return power(left, right, scale);
      case "<":
        return truth(compare(left, right) < 0);
      case ">":
        return truth(compare(left, right) > 0);
      case "<=":
        return truth(compare(left, right) <= 0);
      case ">=":
        return truth(compare(left, right) >= 0);
      case "==":
        return truth(compare(left, right) === 0);
      default:
        return truth(compare(left, right) !== 0);
    }
  }

  #call(name: string, given: readonly Decimal[]): Decimal {
    const [first = zero, second = zero] = given;
    const scale = this.#setting("scale");
    if (name === "(") return first;
    const defined = this.#functions.get(name);
    if (defined) return this.#defined(defined, given);
    if (name === "length")
      return whole(Math.max(String(first.digits < 0n ? -first.digits : first.digits).length, first.scale));
    if (name === "scale") return whole(first.scale);
    if (name === "sqrt") {
      const root = squareRoot(first, scale);
      if (!root) throw new RangeError("Square root of a negative number");
      return root;
    }
    if (this.#isMath) {
      const result = mathFunction(name, first, second, scale);
      if (result) return result;
    }
    throw new ReferenceError(`Function ${name} not defined.`);
  }

  #defined({ names, own, body }: Define, given: readonly Decimal[]): Decimal {
    const saved = [...names, ...own].map((name) => [name, this.#variables.get(name)] as const);
    own.forEach((name) => this.#variables.delete(name));
    names.forEach((name, at) => this.#variables.set(name, given[at] ?? zero));
    try {
      this.#do(body);
      return zero;
    } catch (error) {
      if (error instanceof Leaving && error.what === "return") return error.value;
      throw error;
    } finally {
      for (const [name, value] of saved) {
        if (value === undefined) this.#variables.delete(name);
        else this.#variables.set(name, value);
      }
    }
  }
}

/** The functions of `bc -l`, with some more digits than are wanted while they are worked out. */
function mathFunction(name: string, value: Decimal, second: Decimal, scale: number): Decimal | undefined {
  const more = scale + 10;
  switch (name) {
    case "e":
      return rescaled(exponential(value, more), scale);
    case "l":
      return value.digits <= 0n
        ? divide(negated(one), whole(1), scale)
        : rescaled(logarithm(value, more), scale);
    case "s":
      return rescaled(sine(value, more), scale);
    case "c":
      return rescaled(sine(add(value, divide(pi(more), whole(2), more)), more), scale);
    case "a":
      return rescaled(arcTangent(value, more), scale);
    case "j":
      return rescaled(bessel(Number(rescaled(value, 0).digits), second, more), scale);
    default:
      return undefined;
  }
}

/** Sums terms until they are nothing any more. */
function series(first: Decimal, next: (term: Decimal, count: number) => Decimal): Decimal {
  let sum = first;
  for (let term = first, count = 1; ; count += 1) {
    term = next(term, count);
    if (term.digits === 0n) return sum;
    sum = add(sum, term);
  }
}

function exponential(value: Decimal, scale: number): Decimal {
  let halved = 0;
  let x = rescaled(value, scale);
  for (; compare(x, one) > 0 || compare(x, negated(one)) < 0; halved += 1)
    x = divide(x, whole(2), scale + halved + 1);
  const precise = scale + 2 * halved + 5;
  let result = series(rescaled(one, precise), (term, count) =>
    divide(multiply(term, x, precise), whole(count), precise),
  );
  for (let times = 0; times < halved; times += 1) result = multiply(result, result, precise);
  return result;
}

function logarithm(value: Decimal, scale: number): Decimal {
  let doubled = 1n;
  let x = rescaled(value, scale);
  for (; compare(x, whole(2)) >= 0 || compare(x, { digits: 5n, scale: 1 }) <= 0; doubled *= 2n)
    x = squareRoot(x, scale + 5)!;
  const ratio = divide(add(x, negated(one)), add(x, one), scale + 5);
  const square = multiply(ratio, ratio, scale + 5);
  let power = ratio;
  let sum = ratio;
  for (let count = 3; power.digits !== 0n; count += 2) {
    power = multiply(power, square, scale + 5);
    sum = add(sum, divide(power, whole(count), scale + 5));
  }
  return multiply(sum, whole(2n * doubled), scale + 5);
}

function arcTangent(value: Decimal, scale: number): Decimal {
  let doubled = 1n;
  let x = rescaled(value, scale + 5);
  for (
    ;
    compare(x, { digits: 2n, scale: 1 }) > 0 || compare(x, { digits: -2n, scale: 1 }) < 0;
    doubled *= 2n
  ) {
    const root = squareRoot(add(one, multiply(x, x, scale + 5)), scale + 5)!;
    x = divide(x, add(one, root), scale + 5);
  }
  const square = negated(multiply(x, x, scale + 5));
  let power = x;
  let sum = x;
  for (let count = 3; power.digits !== 0n; count += 2) {
    power = multiply(power, square, scale + 5);
    sum = add(sum, divide(power, whole(count), scale + 5));
  }
  return multiply(sum, whole(doubled), scale + 5);
}

const pi = (scale: number): Decimal => multiply(arcTangent(one, scale + 5), whole(4), scale + 5);

function sine(value: Decimal, scale: number): Decimal {
  const circle = multiply(pi(scale + value.digits.toString().length), whole(2), scale + 5);
  const turns = rescaled(divide(value, circle, 0), 0);
  const x = rescaled(add(value, negated(multiply(turns, circle, scale + 5))), scale + 5);
  const square = negated(multiply(x, x, scale + 5));
  return series(x, (term, count) =>
    divide(multiply(term, square, scale + 5), whole(2 * count * (2 * count + 1)), scale + 5),
  );
}

function bessel(order: number, value: Decimal, scale: number): Decimal {
  const half = divide(value, whole(2), scale + 5);
  const square = negated(multiply(half, half, scale + 5));
  let first = rescaled(one, scale + 5);
  for (let count = 1; count <= Math.abs(order); count += 1)
    first = divide(multiply(first, half, scale + 5), whole(count), scale + 5);
  const sum = series(first, (term, count) =>
    divide(multiply(term, square, scale + 5), whole(count * (count + Math.abs(order))), scale + 5),
  );
  return order < 0 && order % 2 !== 0 ? negated(sum) : sum;
}
