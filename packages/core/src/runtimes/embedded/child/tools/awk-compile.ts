import type { AwkRuntime } from "./awk-runtime.ts";
import type { AwkExpression, AwkFunction, AwkProgram, AwkStatement } from "./awk-syntax.ts";
import { ToolError } from "./tool.ts";

/** What a program became: functions that work on the runtime that it was compiled for. */
export interface CompiledAwk {
  readonly begin: () => Promise<void> | void;
  readonly record: (() => Promise<void> | void) | undefined;
  readonly end: (() => Promise<void> | void) | undefined;
}

/** Variables that the runtime has, with what follows from them. */
const special = new Set([
  "NF",
  "NR",
  "FNR",
  "FS",
  "OFS",
  "ORS",
  "RS",
  "SUBSEP",
  "CONVFMT",
  "OFMT",
  "RSTART",
  "RLENGTH",
  "FILENAME",
  "RT",
  "FPAT",
  "IGNORECASE",
]);
const arrays = new Set(["ENVIRON", "ARGV", "PROCINFO"]);
/** Functions whose argument of this number is an array. */
const takesArray: Readonly<Record<string, readonly number[]>> = {
  split: [1, 3],
  patsplit: [1, 3],
  match: [2],
  asort: [0, 1],
  asorti: [0, 1],
  isarray: [0],
};
const waiting = new Set(["system", "close", "fflush"]);

/** Compiles a program to JavaScript. It waits only if it reads, runs or closes something. */
export function compileAwk(program: AwkProgram, runtime: AwkRuntime): CompiledAwk {
  const compiler = new AwkCompiler(program);
  const source = compiler.source();
  return (new Function("rt", source) as (runtime: AwkRuntime) => CompiledAwk)(runtime);
}

class AwkCompiler {
  readonly #program: AwkProgram;
  readonly #functions: Map<string, AwkFunction>;
  /** By function, or by an empty name for all: names that are arrays. */
  readonly #arrays = new Map<string, Set<string>>();
  readonly #waits: boolean;
  readonly #globals = new Set<string>();
  #inside: AwkFunction | undefined;
  #count = 0;

  constructor(program: AwkProgram) {
    this.#program = program;
    this.#functions = new Map(program.functions.map((one) => [one.name, one]));
    let waits = false;
    const look = (node: unknown): void => {
      if (Array.isArray(node)) node.forEach(look);
      if (typeof node !== "object" || node === null) return;
      const { kind, name, target, isBuiltin } = node as {
        kind?: string;
        name?: string;
        target?: unknown;
        isBuiltin?: boolean;
      };
      if (
        kind === "getline" ||
        (kind === "call" && isBuiltin && waiting.has(name!)) ||
        (kind === "print" && target)
      )
        waits = true;
      Object.values(node).forEach(look);
    };
    look(program);
    this.#waits = waits;
    this.#findArrays();
  }

  #findArrays(): void {
    for (let grown = true; grown;) {
      grown = false;
      const mark = (owner: AwkFunction | undefined, name: string): void => {
        const key = owner?.names.includes(name) ? owner.name : "";
        const known = this.#arrays.get(key) ?? new Set();
        if (known.has(name)) return;
        this.#arrays.set(key, known.add(name));
        grown = true;
      };
      const look = (node: unknown, owner: AwkFunction | undefined): void => {
        if (Array.isArray(node)) return node.forEach((one) => look(one, owner));
        if (typeof node !== "object" || node === null) return;
        const one = node as {
          kind?: string;
          name?: string;
          isBuiltin?: boolean;
          given?: readonly AwkExpression[];
        };
        if (one.kind && /^(?:element|in|delete|forIn)$/.test(one.kind)) mark(owner, one.name!);
        if (one.kind === "call") {
          one.given!.forEach((given, at) => {
            if (given.kind !== "name") return;
            const called = one.isBuiltin ? undefined : this.#functions.get(one.name!);
            const isArray = one.isBuiltin
              ? takesArray[one.name!]?.includes(at)
              : called && this.#arrays.get(called.name)?.has(called.names[at] ?? "");
            if (isArray) mark(owner, given.name);
            else if (called && this.#isArray(given.name, owner) && called.names[at])
              mark(called, called.names[at]!);
          });
        }
        Object.values(node).forEach((inner) => look(inner, owner));
      };
      look(this.#program.rules, undefined);
      for (const one of this.#program.functions) look(one.body, one);
    }
  }

  #isArray(name: string, owner: AwkFunction | undefined = this.#inside): boolean {
    if (owner?.names.includes(name)) return this.#arrays.get(owner.name)?.has(name) ?? false;
    return arrays.has(name) || (this.#arrays.get("")?.has(name) ?? false);
  }

  source(): string {
    const { rules, functions } = this.#program;
    const kind = this.#waits ? "async function" : "function";
    const defined = functions.map((one) => {
      this.#inside = one;
      const names = one.names.map((name) => `l_${name}`);
      const fresh = one.names
        .filter((name) => this.#isArray(name))
        .map((name) => `if (!(l_${name} instanceof Map)) l_${name} = new Map();`);
      const text = `${kind} f_${one.name}(${names.join(", ")}) { ${fresh.join(" ")} ${this.#statement(one.body)} }`;
      this.#inside = undefined;
      return text;
    });
    const of = (when: string): string =>
      rules
        .filter((rule) => rule.when === when)
        .map(({ body }) => (body ? this.#statement(body) : ""))
        .join("\n");
    const ranges: string[] = [];
    const records = rules
      .filter(({ when }) => when === "record")
      .map(({ pattern, until, body }) => {
        const work = body ? this.#statement(body) : "rt.print([rt.record]);";
        if (!pattern) return work;
        if (!until) return `if (${this.#test(pattern)}) { ${work} }`;
        const flag = `range${ranges.length}`;
        ranges.push(`let ${flag} = false;`);
        return `{ let inside = ${flag}; if (!inside && ${this.#test(pattern)}) inside = ${flag} = true; if (inside) { if (${this.#test(until)}) ${flag} = false; ${work} } }`;
      });
    const parts = [of("BEGIN"), records.join("\n"), of("END")];
    const hasEnd = rules.some(({ when }) => when === "END");
    if (rules.some(({ when }) => when.endsWith("FILE")))
      throw new ToolError("BEGINFILE and ENDFILE are not in this sandbox: use FNR == 1", 2);
    const globals = [...this.#globals].map(
      (name) =>
        `let ${name.startsWith("a_") ? `${name} = rt.array(${JSON.stringify(name.slice(2))})` : `${name} = rt.initial(${JSON.stringify(name.slice(2))})`};`,
    );
    const setters = [...this.#globals]
      .filter((name) => name.startsWith("g_"))
      .map((name) => `${JSON.stringify(name.slice(2))}: (value) => { ${name} = value; }`);
    return `"use strict";\n${globals.join("\n")}\n${ranges.join("\n")}\nrt.setters = { ${setters.join(", ")} };\n${defined.join("\n")}
return { begin: ${kind} () { ${parts[0]} }, record: ${records.length > 0 ? `${kind} () { ${parts[1]} }` : "undefined"}, end: ${hasEnd ? `${kind} () { ${parts[2]} }` : "undefined"} };`;
  }

  #variable(name: string): string {
    if (this.#inside?.names.includes(name)) return `l_${name}`;
    if (special.has(name)) return `rt.${name}`;
    if (this.#functions.has(name)) throw new ToolError(`function name ${name} used as variable or array`, 2);
    const own = `${this.#isArray(name) ? "a" : "g"}_${name}`;
    this.#globals.add(own);
    return own;
  }

  #block(statements: readonly AwkStatement[]): string {
    return statements.map((statement) => this.#statement(statement)).join("\n");
  }

  #statement(statement: AwkStatement): string {
    switch (statement.kind) {
      case "block":
        return `{ ${this.#block(statement.body)} }`;
      case "expression":
        return `${this.#value(statement.value)};`;
      case "print":
        return this.#print(statement);
      case "if":
        return `if (${this.#test(statement.test)}) { ${this.#statement(statement.yes)} }${statement.otherwise ? ` else { ${this.#statement(statement.otherwise)} }` : ""}`;
      case "while":
        return statement.isAfter
          ? `do { ${this.#statement(statement.body)} } while (${this.#test(statement.test)});`
          : `while (${this.#test(statement.test)}) { ${this.#statement(statement.body)} }`;
      case "for": {
        const step = statement.step ? this.#statement(statement.step).replace(/;$/, "") : "";
        return `{ ${statement.start ? this.#statement(statement.start) : ""} for (; ${statement.test ? this.#test(statement.test) : ""}; ${step}) { ${this.#statement(statement.body)} } }`;
      }
      case "forIn": {
        const key = `k${(this.#count += 1)}`;
        return `for (const ${key} of rt.keys(${this.#variable(statement.name)})) { ${this.#assign(statement.variable, `rt.strnum(${key})`)}; ${this.#statement(statement.body)} }`;
      }
      case "switch": {
        const tests = statement.cases
          .map(({ test }, at) =>
            test
              ? `${test.kind === "regex" ? `rt.matches(it, ${this.#regex(test)})` : `rt.compare(it, ${this.#value(test)}) === 0`} ? ${at} : `
              : "",
          )
          .join("");
        const otherwise = statement.cases.findIndex(({ test }) => !test);
        return `{ const it = ${this.#value(statement.value)}; switch (${tests}${otherwise}) { ${statement.cases.map(({ body }, at) => `case ${at}: ${this.#block(body)}`).join("\n")} } }`;
      }
      case "delete":
        return statement.keys
          ? `${this.#variable(statement.name)}.delete(${this.#key(statement.keys)});`
          : `${this.#variable(statement.name)}.clear();`;
      case "exit":
        return `rt.exit(${statement.value ? this.#value(statement.value) : ""});`;
      case "return":
        return this.#inside ? `return ${statement.value ? this.#value(statement.value) : ""};` : "";
      case "next":
      case "nextfile":
        return `rt.${statement.kind}();`;
      default:
        return `${statement.kind};`;
    }
  }

  #print({ isFormat, list, operator, target }: Extract<AwkStatement, { kind: "print" }>): string {
    const values = `[${list.map((one) => this.#value(one)).join(", ")}]`;
    const where = target ? `, ${JSON.stringify(operator)}, ${this.#text(target)}` : "";
    if (isFormat) return `${target ? "await " : ""}rt.printf(${values}${where});`;
    return `${target ? "await " : ""}rt.print(${list.length > 0 ? values : "[rt.record]"}${where});`;
  }

  #key(keys: readonly AwkExpression[]): string {
    return keys.map((key) => `rt.key(${this.#value(key)})`).join(" + rt.separator + ");
  }

  #regex(node: AwkExpression): string {
    return node.kind === "regex"
      ? `rt.regex(${JSON.stringify(node.source)})`
      : `rt.dynamic(${this.#value(node)})`;
  }

  #test(node: AwkExpression): string {
    if (node.kind === "binary" && /^(?:<|<=|==|!=|>|>=|~|!~|&&|\|\|)$/.test(node.operator))
      return this.#condition(node);
    if (node.kind === "unary" && node.operator === "!") return `!(${this.#test(node.value)})`;
    if (node.kind === "group" && node.list.length === 1) return `(${this.#test(node.list[0]!)})`;
    if (node.kind === "regex") return `rt.matches(rt.record, ${this.#regex(node)})`;
    if (node.kind === "in") return `${this.#variable(node.name)}.has(${this.#key(node.keys)})`;
    return `rt.isTrue(${this.#value(node)})`;
  }

  #condition({ operator, left, right }: Extract<AwkExpression, { kind: "binary" }>): string {
    if (operator === "&&" || operator === "||")
      return `(${this.#test(left)} ${operator} ${this.#test(right)})`;
    if (operator === "~" || operator === "!~")
      return `${operator === "~" ? "" : "!"}rt.matches(${this.#value(left)}, ${this.#regex(right)})`;
    const strict = operator === "==" ? "===" : operator === "!=" ? "!==" : operator;
    return `(rt.compare(${this.#value(left)}, ${this.#value(right)}) ${strict} 0)`;
  }

  #number(node: AwkExpression): string {
    return node.kind === "number" ? `(${node.value})` : `rt.number(${this.#value(node)})`;
  }

  #text(node: AwkExpression): string {
    return node.kind === "string" ? JSON.stringify(node.value) : `rt.text(${this.#value(node)})`;
  }

  /** JavaScript that assigns the JavaScript of a value, and is it. */
  #assign(target: AwkExpression, value: string): string {
    if (target.kind === "group" && target.list.length === 1) return this.#assign(target.list[0]!, value);
    if (target.kind === "name")
      return special.has(target.name) && !this.#inside?.names.includes(target.name)
        ? `rt.set(${JSON.stringify(target.name)}, ${value})`
        : `(${this.#variable(target.name)} = ${value})`;
    if (target.kind === "field") return `rt.setField(${this.#number(target.index)}, ${value})`;
    if (target.kind === "element")
      return `rt.setElement(${this.#variable(target.name)}, ${this.#key(target.keys)}, ${value})`;
    throw new ToolError("only a variable, a field or an element can be assigned", 1);
  }

  #value(node: AwkExpression): string {
    switch (node.kind) {
      case "number":
        return `(${node.value})`;
      case "string":
        return JSON.stringify(node.value);
      case "regex":
      case "in":
        return `(${this.#test(node)} ? 1 : 0)`;
      case "name":
        return this.#variable(node.name);
      case "field":
        return `rt.field(${this.#number(node.index)})`;
      case "element":
        return `rt.element(${this.#variable(node.name)}, ${this.#key(node.keys)})`;
      case "group":
        return node.list.length === 1 ? `(${this.#value(node.list[0]!)})` : `(${this.#key(node.list)})`;
      case "choice":
        return `(${this.#test(node.test)} ? ${this.#value(node.yes)} : ${this.#value(node.otherwise)})`;
      case "unary":
        return node.operator === "!"
          ? `(${this.#test(node.value)} ? 0 : 1)`
          : `(${node.operator}${this.#number(node.value)})`;
      case "step": {
        const next = `rt.number(${this.#value(node.target)}) ${node.by > 0 ? "+" : "-"} 1`;
        const assigned = this.#assign(node.target, next);
        return node.isPrefix ? assigned : `(${assigned} ${node.by > 0 ? "-" : "+"} 1)`;
      }
      case "assign": {
        const operator = node.operator.slice(0, -1);
        if (!operator) return this.#assign(node.target, this.#copied(node.value));
        return this.#assign(
          node.target,
          this.#calculated(operator, this.#number(node.target), this.#number(node.value)),
        );
      }
      case "binary": {
        const { operator, left, right } = node;
        if (operator === " ") return `(${this.#text(left)} + ${this.#text(right)})`;
        if (/^[-+*/%^]$/.test(operator))
          return this.#calculated(operator, this.#number(left), this.#number(right));
        return `(${this.#condition(node)} ? 1 : 0)`;
      }
      case "call":
        return node.isBuiltin ? this.#builtin(node.name, node.given) : this.#call(node.name, node.given);
      case "getline":
        return this.#getline(node);
    }
  }

  /** A variable that was never set stays unset where it is copied. */
  #copied(node: AwkExpression): string {
    return this.#value(node);
  }

  #calculated(operator: string, left: string, right: string): string {
    if (operator === "/" || operator === "%")
      return `rt.divided(${JSON.stringify(operator)}, ${left}, ${right})`;
    return operator === "^" ? `(${left} ** ${right})` : `(${left} ${operator} ${right})`;
  }

  #call(name: string, given: readonly AwkExpression[]): string {
    const called = this.#functions.get(name);
    if (!called) throw new ToolError(`fatal: function \`${name}' not defined`, 2);
    return `(${this.#waits ? "await " : ""}f_${name}(${given.map((one) => this.#value(one)).join(", ")}))`;
  }

  #builtin(name: string, given: readonly AwkExpression[]): string {
    const [first, second, third] = given;
    const patterns: Readonly<Record<string, number>> = {
      split: 2,
      patsplit: 2,
      sub: 0,
      gsub: 0,
      gensub: 0,
      match: 1,
    };
    const values = given.map((one, at) =>
      patterns[name] === at && (one.kind === "regex" || name !== "split")
        ? this.#regex(one)
        : this.#value(one),
    );
    if (name === "sub" || name === "gsub") {
      const target: AwkExpression = third ?? { kind: "field", index: { kind: "number", value: 0 } };
      const isPlace = target.kind === "name" || target.kind === "field" || target.kind === "element";
      return `rt.builtins.substitute(${name === "gsub"}, ${values[0]}, ${this.#text(second!)}, ${this.#text(target)}, ${isPlace ? `(value) => ${this.#assign(target, "value")}` : "() => {}"})`;
    }
    if (name === "length" && !first) return "rt.builtins.length(rt.record)";
    return `${waiting.has(name) ? "(await " : "("}rt.builtins.${name}(${values.join(", ")}))`;
  }

  #getline({ target, file, command }: Extract<AwkExpression, { kind: "getline" }>): string {
    const into = target ? `(value) => ${this.#assign(target, "value")}` : "undefined";
    if (command) return `(await rt.getlineFrom("|", ${this.#text(command)}, ${into}))`;
    if (file) return `(await rt.getlineFrom("<", ${this.#text(file)}, ${into}))`;
    return `(await rt.getline(${into}))`;
  }
}
