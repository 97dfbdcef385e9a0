import vm from "node:vm";
import { parser, placingVm } from "./node-places.ts";
import type { Parser, SyntaxNode as Node } from "./node-places.ts";
import { withOwnFrames } from "./node-stack.ts";

type Callback = (failure: Error | null, reply?: object) => void;

/**
 * What the kernel uses of an inspector's session: evaluation with the semantics of a console. Declarations of the top
 * level become properties of the global object, and `await` works there.
 */
export class ReplSession {
  readonly #values = new Map<string, unknown>();
  #last = 0;

  connect(): void {}

  post(method: string, parameters: Readonly<Record<string, unknown>>, callback: Callback = () => {}): void {
    if (method === "Runtime.evaluate") void this.#evaluate(String(parameters["expression"]), callback);
    else if (method === "Runtime.callFunctionOn") {
      const take = (globalThis as Record<string, unknown>)["__llm_sandbox_take__"] as (
        value: unknown,
      ) => void;
      take(this.#values.get(String(parameters["objectId"])));
      callback(null, { result: {} });
    } else {
      this.#values.clear();
      callback(null, {});
    }
  }

  async #evaluate(expression: string, callback: Callback): Promise<void> {
    const filename = /\n\/\/# sourceURL=(\S+)\s*$/.exec(expression)?.[1] ?? "<run>";
    try {
      const { code, waits } = asScript(expression, parser().parse);
      const outcome = new placingVm.Script(code, {
        filename,
        importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      } as object).runInThisContext() as unknown;
      callback(null, {
        result: this.#remote(waits ? (await (outcome as Promise<{ value: unknown }>)).value : outcome),
      });
    } catch (error) {
      if (error instanceof Error && typeof error.stack === "string") error.stack = withOwnFrames(error.stack);
      callback(null, { exceptionDetails: { exception: this.#remote(error) } });
    }
  }

  #remote(value: unknown): object {
    const objectId = String(++this.#last);
    this.#values.set(objectId, value);
    return { objectId };
  }
}

/** The code as a script that keeps its declarations; with an `await` in it as a promise of its value. */
export function asScript(
  code: string,
  parse: Parser["parse"],
): { readonly code: string; readonly waits: boolean } {
  let body: readonly Node[];
  try {
    body = parse(code, {
      ecmaVersion: "latest",
      allowAwaitOutsideFunction: true,
      allowReturnOutsideFunction: false,
    }).body;
  } catch {
    return { code, waits: false }; // V8 says better what is wrong.
  }
  const waits = body.some((statement) => hasAwait(statement));
  const edits: { readonly start: number; readonly end: number; readonly text: string }[] = [];
  const names: string[] = [];
  const hoisted: string[] = [];
  for (const statement of body) {
    if (statement.type === "ClassDeclaration") {
      const { name } = statement["id"] as unknown as { name: string };
      names.push(name);
      edits.push({ start: statement.start, end: statement.start, text: `${waits ? "" : "var "}${name} = ` });
      edits.push({ start: statement.end, end: statement.end, text: ";" });
    } else if (statement.type === "FunctionDeclaration" && waits) {
      const { name } = statement["id"] as unknown as { name: string };
      hoisted.push(name);
    } else if (statement.type === "VariableDeclaration") {
      const declarations = statement["declarations"] as readonly Node[];
      const kind = String(statement["kind"]);
      for (const declaration of declarations) names.push(...namesOf(declaration["id"] as Node));
      if (!waits) {
        if (kind !== "var")
          edits.push({ start: statement.start, end: statement.start + kind.length, text: "var" });
        continue;
      }
      edits.push({
        start: statement.start,
        end: statement.start + kind.length,
        text: " ".repeat(kind.length),
      });
      for (const declaration of declarations) {
        const { init } = declaration as { readonly init?: Node | null };
        if (init) {
          edits.push({ start: declaration.start, end: declaration.start, text: "(" });
          edits.push({ start: declaration.end, end: declaration.end, text: ")" });
        } else {
          const name = namesOf(declaration["id"] as Node)[0]!;
          edits.push({ start: declaration.start, end: declaration.end, text: `(${name} = undefined)` });
        }
      }
      edits.push({ start: statement.start, end: statement.start, text: ";" });
    }
  }
  const last = body.at(-1);
  if (waits && last?.type === "ExpressionStatement") {
    const expression = last["expression"] as Node;
    edits.push({ start: last.start, end: last.start, text: ";return { value: (" });
    edits.push({ start: expression.end, end: expression.end, text: ") }" });
  }
  const edited = apply(code, edits);
  if (!waits) return { code: edited, waits };
  // On one line with the code, whose line numbers stay as they are.
  const declared = names.length > 0 ? `var ${[...new Set(names)].join(", ")}; ` : "";
  const kept = hoisted.map((name) => `globalThis.${name} = ${name}; `).join("");
  return { code: `${declared}(async () => { ${kept}${edited}\n;return {}; })()`, waits };
}

function apply(
  code: string,
  edits: readonly { readonly start: number; readonly end: number; readonly text: string }[],
): string {
  let text = "";
  let position = 0;
  for (const { start, end, text: inserted } of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    text += code.slice(position, start) + inserted;
    position = end;
  }
  return text + code.slice(position);
}

function namesOf(pattern: Node): string[] {
  switch (pattern.type) {
    case "Identifier":
      return [String(pattern["name"])];
    case "ObjectPattern":
      return (pattern["properties"] as readonly Node[]).flatMap((property) =>
        namesOf((property.type === "RestElement" ? property["argument"] : property["value"]) as Node),
      );
    case "ArrayPattern":
      return (pattern["elements"] as readonly (Node | null)[]).flatMap((element) =>
        element ? namesOf(element) : [],
      );
    case "AssignmentPattern":
      return namesOf(pattern["left"] as Node);
    case "RestElement":
      return namesOf(pattern["argument"] as Node);
    default:
      return [];
  }
}

/** Whether an `await` stands outside of every function. */
function hasAwait(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(hasAwait);
  if (typeof node !== "object" || node === null) return false;
  const { type } = node as Node;
  if (type === "AwaitExpression") return true;
  if (type === "ForOfStatement" && (node as Node)["await"] === true) return true;
  if (/Function|^Class|MethodDefinition|PropertyDefinition/.test(type ?? "") && type !== "ClassDeclaration")
    return false;
  return Object.values(node).some(hasAwait);
}
