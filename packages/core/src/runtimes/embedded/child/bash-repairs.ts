import { commandOf, isNode, nameOf, statementsOf, visitNodes, wordsOf } from "./bash-syntax.ts";
import type { Parse, SyntaxNode } from "./bash-syntax.ts";

const settingDefaults = /^(?:DefaultValue|AssignDefault|UseAlternative)$/;

/** `"${x:-y}"` that stands alone would fail under `set -u`: beside an empty text it does not. */
export function guardDefaults(script: SyntaxNode): void {
  visitNodes(script, ({ type, parts }) => {
    const [part, other] = (type === "DoubleQuoted" && Array.isArray(parts) ? parts : []) as SyntaxNode[];
    const operation = part?.["operation"];
    if (other || part?.type !== "ParameterExpansion" || !isNode(operation)) return;
    if (!settingDefaults.test(operation.type ?? "") || !/^\w+$/.test(String(part["parameter"]))) return;
    (parts as SyntaxNode[]).push({ type: "Literal", value: "" });
  });
}

/** Where just-bash says or does what bash does not: `shift` of too many is silent, and `local -A` is `declare -A`. */
export function mendBuiltins(script: SyntaxNode, parse: Parse): void {
  visitNodes(script, (node) => {
    const name = nameOf(node);
    if (name === "shift") {
      const [statement] = statementsOf(parse, "shift 2> /dev/null");
      (node["redirections"] as unknown[]).push(...(commandOf(statement!)["redirections"] as unknown[]));
    } else if (name === "local" && wordsOf(node).some((word) => /^-[a-z]*A/.test(word))) {
      (node["name"] as { parts: { value: string }[] }).parts[0]!.value = "declare";
    }
  });
}

const misread =
  /(^|[;&|!{(]|\b(?:if|elif|while|until|then|do|else)\b)([ \t]*\(\()([ \t]*[A-Za-z_]\w*(?:\[[^\]\n]*\])?[ \t]+[-/])/gm;

/** `((x - 1 > y))` as arithmetic: just-bash takes it for a command `x` in a subshell of a subshell. */
export function withArithmetic(code: string, parse: Parse): string {
  if (!code.includes("((") || !hasCommandInTwo(code, parse)) return code;
  return code.replaceAll(misread, "$1$20,$3");
}

function hasCommandInTwo(code: string, parse: Parse): boolean {
  let found = false;
  try {
    visitNodes(parse(code), ({ type, body }) => {
      const [statement, other] = (type === "Subshell" && Array.isArray(body) ? body : []) as SyntaxNode[];
      if (!statement || other) return;
      const inner = commandOf(statement);
      const [first] = (inner?.type === "Subshell" ? inner["body"] : []) as SyntaxNode[];
      const name = first && nameOf(commandOf(first));
      if (name !== undefined && /^[A-Za-z_]\w*(?:\[.*\])?$/.test(name)) found = true;
    });
  } catch {
    // It tells its syntax error when it runs.
  }
  return found;
}

const menus =
  /(^|[;&|{(]|\b(?:then|do|else)\b)([ \t]*)select[ \t]+([A-Za-z_]\w*)(?:[ \t]+in\b((?:[^;\n"']|"(?:[^"\\]|\\.)*"|'[^']*')*))?[ \t]*[;\n][ \t;\n]*do\b/gm;

/** In one line, so that the script's own keep their numbers. */
const asking = [
  "__sandbox_select() { [ ${#__sandbox_menu[@]} -gt 0 ] || return 1",
  "while :",
  'do if [ -n "$__sandbox_new_menu" ]',
  'then __sandbox_list "${__sandbox_menu[@]}"',
  "__sandbox_new_menu=",
  "fi",
  `printf '%s' "\${PS3-#? }" >&2`,
  "if ! IFS= read -r REPLY",
  "then echo",
  "return 1",
  "fi",
  'if [ -n "$REPLY" ]',
  "then break",
  "fi",
  "__sandbox_new_menu=1",
  "done",
  `printf -v "$1" '%s' ''`,
  'if [[ $REPLY =~ ^[0-9]+$ ]] && [ "$REPLY" -ge 1 ] && [ "$REPLY" -le ${#__sandbox_menu[@]} ]',
  `then printf -v "$1" '%s' "\${__sandbox_menu[REPLY - 1]}"`,
  "fi",
  "return 0",
  "}",
  "",
].join("; ");

/** `select` as a loop that asks: just-bash does not know it. */
export function withMenus(code: string, parse: Parse): string {
  if (!/\bselect\b/.test(code)) return code;
  try {
    parse(code);
    return code;
  } catch {
    const found = code.replaceAll(
      menus,
      (_all, before: string, blank: string, name: string, words: string | undefined) =>
        `${before}${blank}__sandbox_menu=(${words ?? '"$@"'}); __sandbox_new_menu=1; while __sandbox_select ${name}; do`,
    );
    return found === code ? code : asking + found;
  }
}

/** The menu in columns, as bash shows it. */
export function menuOf(words: readonly string[], width = 80): string {
  const digits = String(words.length).length;
  const longest = Math.max(...words.map((word) => word.length)) + digits + 4;
  let columns = Math.max(1, Math.floor(width / longest));
  let rows = Math.ceil(words.length / columns);
  if (rows === 1) [rows, columns] = [words.length, 1];
  columns = Math.ceil(words.length / rows);
  let text = "";
  for (let row = 0; row < rows; row += 1) {
    const cells = words
      .map((word, at) => ({ at, shown: `${String(at + 1).padStart(digits)}) ${word}` }))
      .filter(({ at }) => at % rows === row)
      .map(({ shown }) => shown);
    text += `${cells.map((cell, at) => (at < cells.length - 1 ? cell.padEnd(longest) : cell)).join("")}\n`;
  }
  return text;
}
