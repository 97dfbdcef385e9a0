/** Says whether a path of a build's context, relative and with slashes, is left out. */
export type IsIgnored = (path: string) => boolean;

interface Rule {
  readonly expression: RegExp;
  readonly keeps: boolean;
}

/**
 * Reads a .dockerignore as Docker does: a pattern matches a path or any folder above it, `**` matches any folders,
 * `!` takes back, the last rule that matches decides. Throws SyntaxError for a pattern that is none.
 */
export function dockerignore(text: string): IsIgnored {
  const rules: Rule[] = [];
  for (const line of text.replace(/^\uFEFF/, "").split("\n")) {
    if (line.startsWith("#")) continue;
    let pattern = line.trim();
    if (pattern === "") continue;
    const keeps = pattern.startsWith("!");
    if (keeps) pattern = pattern.slice(1).trim();
    pattern = clean(pattern);
    if (pattern === "" || pattern === ".") continue;
    rules.push({ expression: expressionOf(pattern), keeps });
  }
  return (path) => {
    const folders = path.split("/");
    const above = folders.map((_, index) => folders.slice(0, index + 1).join("/"));
    let ignored = false;
    for (const { expression, keeps } of rules) {
      if (ignored === keeps && above.some((part) => expression.test(part))) ignored = !keeps;
    }
    return ignored;
  };
}

/** What Go's filepath.Clean makes of it, without the slash in front. */
function clean(pattern: string): string {
  const parts: string[] = [];
  for (const part of pattern.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0) parts.pop();
    else if (part !== "..") parts.push(part);
  }
  return parts.join("/");
}

function expressionOf(pattern: string): RegExp {
  let source = "^";
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at]!;
    if (character === "*" && pattern[at + 1] === "*") {
      at += 1;
      // `**/` also matches no folder at all; a `**` at the end matches everything below.
      if (pattern[at + 1] === "/") {
        at += 1;
        source += "(?:.*/)?";
      } else source += ".*";
    } else if (character === "*") source += "[^/]*";
    else if (character === "?") source += "[^/]";
    else if (character === "[") {
      const end = pattern.indexOf("]", at + 2);
      if (end < 0) throw new SyntaxError(`"${pattern}" has a bracket that is not closed`);
      const set = pattern.slice(at + 1, end).replace(/[\\\]]/g, "\\$&");
      source += `(?!/)[${set.startsWith("^") ? `^${set.slice(1)}` : set}]`;
      at = end;
    } else if (character === "\\" && at + 1 < pattern.length) {
      at += 1;
      source += escaped(pattern[at]!);
    } else source += escaped(character);
  }
  return new RegExp(`${source}$`, "su");
}

function escaped(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}
