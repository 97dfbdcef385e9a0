import type { Parse, SyntaxNode } from "./bash-syntax.ts";

/**
 * In a script that has `set -e`, `a || b` becomes `if a; then :; else b; fi`: inside the functions that `a` calls a failing
 * command must not end anything, which just-bash knows of conditions alone.
 */
export function guardAlternatives(script: SyntaxNode, parse: Parse): void {
  if (setsErrexit(script)) visit(script, parse);
}

function setsErrexit(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(setsErrexit);
  if (typeof node !== "object" || node === null) return false;
  const { type, name, args } = node as SyntaxNode;
  if (type === "SimpleCommand" && textOf(name) === "set") {
    return (args as unknown[]).some((word) => /^(?:-[a-z]*e[a-z]*|errexit)$/.test(textOf(word)));
  }
  return Object.values(node).some(setsErrexit);
}

function textOf(word: unknown): string {
  return (word as { parts?: { value?: string }[] } | null)?.parts?.[0]?.value ?? "";
}

function visit(node: unknown, parse: Parse): void {
  if (Array.isArray(node)) node.forEach((item) => visit(item, parse));
  if (typeof node !== "object" || node === null) return;
  Object.values(node).forEach((value) => visit(value, parse));
  const statement = node as SyntaxNode;
  const { type, operators, pipelines } = statement;
  if (type !== "Statement" || !Array.isArray(operators) || operators.length === 0) return;
  if (!operators.every((operator) => operator === "||")) return;
  const [first, ...others] = pipelines as SyntaxNode[];
  const template = (parse("if :; then :; else :; fi")["statements"] as SyntaxNode[])[0]!;
  const branch = ((template["pipelines"] as SyntaxNode[])[0]!["commands"] as SyntaxNode[])[0]!;
  const rest = { ...statement, pipelines: others, operators: operators.slice(1), background: false };
  (branch["clauses"] as SyntaxNode[])[0]!["condition"] = [{ ...rest, pipelines: [first], operators: [] }];
  branch["elseBody"] = [rest];
  statement["pipelines"] = template["pipelines"];
  statement["operators"] = [];
}
