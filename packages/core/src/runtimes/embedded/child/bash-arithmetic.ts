import { isNode } from "./bash-syntax.ts";
import type { Parse, SyntaxNode } from "./bash-syntax.ts";

const changing = new Set(["ArithAssignment", "ArithDynamicAssignment", "ArithSyntaxError"]);

/**
 * Lets command substitutions inside arithmetic see the script's functions and variables: just-bash would run them by
 * themselves. They become variables that are set right before. Where that is not possible, they are refused when they run.
 */
export function hoistSubstitutions(node: SyntaxNode, parse: Parse): void {
  for (const [field, value] of Object.entries(node)) {
    if (Array.isArray(value)) {
      node[field] = value.map((item: unknown) => (isNode(item) ? visited(item, parse) : item));
    } else if (isNode(value)) node[field] = visited(value, parse);
  }
}

function visited(node: SyntaxNode, parse: Parse): SyntaxNode {
  const changed = replaced(node, parse);
  hoistSubstitutions(changed, parse);
  return changed;
}

function replaced(node: SyntaxNode, parse: Parse): SyntaxNode {
  const { type } = node;
  if (type !== "ArithmeticExpansion" && type !== "ArithmeticCommand") return node;
  const commands: string[] = [];
  const expression = withVariables(node["expression"] as SyntaxNode, commands);
  if (commands.length === 0) return node;
  const settings = commands.map((command, at) => `${variable(at)}=$(${command}\n) || :;`).join(" ");
  if (type === "ArithmeticCommand") {
    const group = onlyCommand(parse(`{ ${settings} ((0)); }`));
    const statements = group["body"] as SyntaxNode[];
    const own = { ...node, expression, redirections: [] };
    ((statements.at(-1)!["pipelines"] as SyntaxNode[])[0]!["commands"] as SyntaxNode[])[0] = own;
    return { ...group, redirections: node["redirections"] };
  }
  // What it changes would be lost in the subshell.
  if (changes(expression)) return node;
  const body = parse(`${settings} echo 0`);
  const echo = onlyCommand({ statements: (body["statements"] as SyntaxNode[]).slice(-1) });
  (echo["args"] as SyntaxNode[])[0]!["parts"] = [{ type, expression }];
  return { type: "CommandSubstitution", body, legacy: false };
}

const variable = (at: number): string => `__sandbox_arithmetic_${at}`;

/** The expression with a variable in the place of each substitution, whose commands are added to the list. */
function withVariables(node: SyntaxNode, commands: string[]): SyntaxNode {
  if (node.type === "ArithCommandSubst") {
    const at = commands.push(String(node["command"])) - 1;
    return { type: "ArithVariable", name: variable(at), hasDollarPrefix: true };
  }
  const before = commands.length;
  const entries = Object.entries(node).map(
    ([field, value]) => [field, inVariables(value, commands)] as const,
  );
  const copy = Object.fromEntries(entries) as SyntaxNode;
  // It would be parsed again from the text.
  if (commands.length > before) delete copy["originalText"];
  return copy;
}

function inVariables(value: unknown, commands: string[]): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => inVariables(item, commands));
  return isNode(value) ? withVariables(value, commands) : value;
}

function changes(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(changes);
  if (!isNode(node)) return false;
  if (changing.has(node.type ?? "") || /^(?:\+\+|--)$/.test(String(node["operator"] ?? ""))) return true;
  return Object.values(node).some(changes);
}

function onlyCommand(script: SyntaxNode): SyntaxNode {
  const [statement] = script["statements"] as SyntaxNode[];
  const [pipeline] = statement!["pipelines"] as SyntaxNode[];
  return (pipeline!["commands"] as SyntaxNode[])[0]!;
}
