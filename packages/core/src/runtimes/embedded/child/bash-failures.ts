import { commandOf, isNode, nameOf, statementsOf, visitNodes, wordsOf } from "./bash-syntax.ts";
import type { Parse, SyntaxNode } from "./bash-syntax.ts";

const bodies = ["body", "elseBody"] as const;
const compound = new Set(["If", "For", "CStyleFor", "While", "Until", "Case", "Group", "FunctionDef"]);
const unwatched = new Set(["trap", "exit", "return", "break", "continue", "set", "exec"]);

/**
 * In a script with `trap … ERR`, a failing command runs the handler: `a` becomes `{ a || …; }` where bash would look, so not in
 * conditions, and in functions only after `set -E`. A handler finds `$?`, `$LINENO` and `$BASH_COMMAND` as in bash.
 */
export function watchFailures(script: SyntaxNode, parse: Parse): void {
  let isWatched = false;
  let isTraced = false;
  visitNodes(script, (node) => {
    const name = nameOf(node);
    if (name === "trap" && wordsOf(node).some((word) => /^(?:SIG)?ERR$/i.test(word))) isWatched = true;
    if (name === "set" && wordsOf(node).some((word) => /^-[a-zA-Z]*E|^errtrace$/.test(word))) isTraced = true;
  });
  if (isWatched) watchAll(script["statements"], isTraced, parse);
}

function watchAll(statements: unknown, isTraced: boolean, parse: Parse): void {
  if (!Array.isArray(statements)) return;
  for (const statement of statements as SyntaxNode[]) {
    const pipelines = statement["pipelines"] as SyntaxNode[];
    for (const { commands } of pipelines)
      for (const command of commands as SyntaxNode[]) enter(command, isTraced, parse);
    const last = pipelines.at(-1);
    if (last && statement["background"] !== true && isWorthIt(last)) {
      pipelines[pipelines.length - 1] = watched(last, String(statement["sourceText"] ?? ""), parse);
    }
  }
}

function enter(command: SyntaxNode, isTraced: boolean, parse: Parse): void {
  if (!compound.has(command.type ?? "")) return;
  if (command.type === "FunctionDef") {
    if (isTraced && isNode(command["body"])) enter(command["body"], isTraced, parse);
    return;
  }
  for (const field of bodies) watchAll(command[field], isTraced, parse);
  for (const { body } of (command["clauses"] ?? command["items"] ?? []) as SyntaxNode[])
    watchAll(body, isTraced, parse);
}

function isWorthIt(pipeline: SyntaxNode): boolean {
  const commands = pipeline["commands"] as SyntaxNode[];
  if (pipeline["negated"] === true) return false;
  return (
    commands.length > 1 ||
    (!compound.has(commands[0]!.type ?? "") && !unwatched.has(nameOf(commands[0]!) ?? ""))
  );
}

function watched(pipeline: SyntaxNode, source: string, parse: Parse): SyntaxNode {
  let line = 0;
  visitNodes(pipeline, (node) => (line ||= Number(node["line"] ?? 0)));
  const text = source
    .trim()
    .replaceAll(/(\d?[<>]+)\s*(?=[^\s<>&(])/g, "$1 ")
    .replace(/^\((\S.*\S)\)$/s, "( $1 )");
  const [statement] = statementsOf(
    parse,
    `{ : || __sandbox_failed $? ${line} '${text.replaceAll("'", `'\\''`)}' || { eval "$__sandbox_on_error" || :; __sandbox_status; }; }`,
  );
  const [inner] = commandOf(statement!)["body"] as SyntaxNode[];
  (inner!["pipelines"] as SyntaxNode[])[0] = pipeline;
  return (statement!["pipelines"] as SyntaxNode[])[0]!;
}

/** In a script that traps signals, one that it sends itself is handled right after. */
export function handleSignals(script: SyntaxNode, parse: Parse): void {
  let traps = false;
  visitNodes(script, (node) => (traps ||= nameOf(node) === "trap"));
  if (!traps) return;
  visitNodes(script, (node) => {
    const pipelines = node["pipelines"] as SyntaxNode[] | undefined;
    if (
      node.type !== "Statement" ||
      pipelines?.length !== 1 ||
      (pipelines[0]!["commands"] as unknown[]).length !== 1
    )
      return;
    if (nameOf(commandOf(node)) !== "kill") return;
    const [handling] = statementsOf(parse, 'eval "${__sandbox_signal-}"');
    pipelines.push((handling!["pipelines"] as SyntaxNode[])[0]!);
    node["operators"] = ["&&"];
  });
}
