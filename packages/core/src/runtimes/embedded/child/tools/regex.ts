const classes: Readonly<Record<string, string>> = {
  alpha: "a-zA-Z",
  digit: "0-9",
  alnum: "a-zA-Z0-9",
  upper: "A-Z",
  lower: "a-z",
  space: " \\t\\n\\r\\f\\v",
  blank: " \\t",
  punct: "!-\\/:-@\\[-`{-~",
  print: " -~",
  graph: "!-~",
  cntrl: "\\x00-\\x1f\\x7f",
  xdigit: "0-9A-Fa-f",
};

/** Where a bracket expression that opens at `start` closes. */
function bracketEnd(source: string, start: number): number {
  let at = start + 1;
  if (source[at] === "^") at += 1;
  if (source[at] === "]") at += 1;
  while (at < source.length && source[at] !== "]") {
    if (source[at] === "[" && ":.=".includes(source[at + 1] ?? "-")) {
      const end = source.indexOf(`${source[at + 1]}]`, at + 2);
      at = end < 0 ? at + 1 : end + 2;
    } else if (source[at] === "\\") at += 2;
    else at += 1;
  }
  return at;
}

function bracket(inner: string, keepsEscapes: boolean): string {
  const negated = inner.startsWith("^");
  let text = "";
  for (let at = negated ? 1 : 0; at < inner.length; at += 1) {
    const [named, name] = /^\[:(\w+):\]/.exec(inner.slice(at)) ?? [];
    const letter = inner[at]!;
    if (named !== undefined && name !== undefined && classes[name] !== undefined) {
      text += classes[name];
      at += named.length - 1;
    } else if (letter === "\\" && keepsEscapes && at + 1 < inner.length) {
      at += 1;
      text += /[a-zA-Z]/.test(inner[at]!) && !/[nrtfvdwsDWS]/.test(inner[at]!) ? inner[at] : `\\${inner[at]}`;
    } else text += /[\\[\]]/.test(letter) || (letter === "^" && text === "") ? `\\${letter}` : letter;
  }
  return `[${negated ? "^" : ""}${text}]`;
}

/** JavaScript's form of a POSIX extended expression, with GNU's escapes. `keepsEscapes`: a backslash in brackets escapes, as in awk. */
export function fromExtended(source: string, keepsEscapes = true): string {
  let text = "";
  for (let at = 0; at < source.length; at += 1) {
    const letter = source[at]!;
    if (letter === "[") {
      const end = bracketEnd(source, at);
      text += end >= source.length ? "\\[" : bracket(source.slice(at + 1, end), keepsEscapes);
      if (end < source.length) at = end;
    } else if (letter === "\\") {
      at += 1;
      const next = source[at] ?? "\\";
      if (next === "y") text += "\\b";
      else if (next === "<") text += "\\b(?=\\w)";
      else if (next === ">") text += "\\b(?<=\\w)";
      else if (next === "`") text += "^";
      else if (next === "'") text += "$";
      else text += /[nrtfvdwsbDWSB0-9]/.test(next) || /[^a-zA-Z0-9]/.test(next) ? escaped(next) : next;
    } else if (letter === "{" && !/^\{\d*,?\d*\}/.test(source.slice(at))) text += "\\{";
    else if (letter === "{") {
      text += "{";
      if (source[at + 1] === ",") text += "0";
    } else if (letter === "}" && !/\{\d*,?\d*$/.test(text)) text += "\\}";
    else if (/[*+?]/.test(letter) && (text === "" || /(?:^|[^\\])[(|]$/.test(text))) text += `\\${letter}`;
    else text += letter;
  }
  return text;
}

const escaped = (letter: string): string =>
  /[\s"'/<>=!:;,@#%&~`_-]/.test(letter) && !/[/-]/.test(letter) ? letter : `\\${letter}`;

/** JavaScript's form of a POSIX basic expression: `\(`, `\{`, `\|`, `\+` and `\?` are the operators. */
export function fromBasic(source: string): string {
  let extended = "";
  for (let at = 0; at < source.length; at += 1) {
    const letter = source[at]!;
    if (letter === "[") {
      const end = bracketEnd(source, at);
      extended += source.slice(at, end + 1);
      at = end;
    } else if (letter === "\\") {
      at += 1;
      const next = source[at] ?? "";
      extended += "(){}|+?".includes(next) ? next : `\\${next}`;
    } else if (letter === "*" && (extended === "" || /(?:^|[^\\])[(|]$|^\^$/.test(extended)))
      extended += "\\*";
    else if ("(){}|+?".includes(letter)) extended += `\\${letter}`;
    else if (letter === "^" && extended !== "" && !/(?:^|[^\\])[(|]$/.test(extended)) extended += "\\^";
    else if (letter === "$" && at < source.length - 1 && !/^\\[)|]/.test(source.slice(at + 1)))
      extended += "\\$";
    else extended += letter;
  }
  return fromExtended(extended, false);
}
