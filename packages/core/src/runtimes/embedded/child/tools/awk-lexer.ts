import { escapeLetters } from "./escape-letters.ts";
import { ToolError } from "./tool.ts";

export interface AwkToken {
  readonly kind:
    | "number"
    | "string"
    | "regex"
    | "name"
    | "call"
    | "builtin"
    | "keyword"
    | "operator"
    | "newline"
    | "end";
  readonly text: string;
  readonly line: number;
}

const keywords = new Set(
  "BEGIN END BEGINFILE ENDFILE function func if else while for do break continue next nextfile exit return delete in getline print printf switch case default".split(
    " ",
  ),
);
export const builtins: ReadonlySet<string> = new Set(
  "length substr index split sub gsub gensub match sprintf tolower toupper sin cos atan2 exp log sqrt int rand srand system close fflush strftime systime mktime asort asorti strtonum and or xor lshift rshift compl isarray typeof patsplit".split(
    " ",
  ),
);
const operators =
  /^(?:\*\*=|\*\*|\|&|&&|\|\||\+\+|--|[-+*/%^]=|==|<=|>=|!=|!~|>>|[-+*/%^!<>|?:~$=,;(){}[\]])/;
const escapes: Readonly<Record<string, string>> = {
  ...escapeLetters,
  '"': '"',
  "/": "/",
};

/** Escapes of a string of `awk`; unknown ones keep their backslash. */
export function unescape(text: string): string {
  return text.replaceAll(/\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|\n|([^]))/g, (all, octal, hex, letter) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (letter === undefined) return "";
    return escapes[letter as string] ?? (all as string);
  });
}

/** The tokens of a program. */
export function tokensOf(source: string): AwkToken[] {
  const tokens: AwkToken[] = [];
  let line = 1;
  let at = 0;
  const add = (kind: AwkToken["kind"], text: string): void => void tokens.push({ kind, text, line });
  const mayDivide = (): boolean => {
    const last = tokens.at(-1);
    if (!last) return false;
    if (last.kind === "operator") return /^(?:\)|\]|\$|\+\+|--)$/.test(last.text);
    return (
      last.kind === "number" ||
      last.kind === "string" ||
      last.kind === "name" ||
      (last.kind === "builtin" && last.text === "length")
    );
  };
  while (at < source.length) {
    const rest = source.slice(at, at + 4_096);
    const [blank] = /^(?:[ \t\r]+|\\\r?\n|#[^\n]*)/.exec(rest) ?? [];
    if (blank !== undefined) {
      if (blank.endsWith("\n")) line += 1;
      at += blank.length;
      continue;
    }
    const letter = source[at]!;
    if (letter === "\n") {
      add("newline", "\n");
      line += 1;
      at += 1;
    } else if (letter === '"' || (letter === "/" && !mayDivide())) {
      const end = endOf(source, at, letter);
      if (end < 0)
        throw new ToolError(`cmd. line:${line}: unterminated ${letter === '"' ? "string" : "regexp"}`, 1);
      const text = source.slice(at + 1, end);
      if (letter === '"') add("string", unescape(text));
      else add("regex", text.replaceAll("\\/", "/"));
      line += text.split("\n").length - 1;
      at = end + 1;
    } else {
      const [number] = /^(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/.exec(rest) ?? [];
      const [name] = /^[A-Za-z_]\w*/.exec(rest) ?? [];
      const [operator] = operators.exec(rest) ?? [];
      const text = number ?? name ?? operator;
      if (text === undefined) throw new ToolError(`cmd. line:${line}: syntax error at '${letter}'`, 1);
      if (number !== undefined) add("number", number);
      else if (name === undefined) add("operator", text);
      else if (keywords.has(name)) add("keyword", name === "func" ? "function" : name);
      else if (builtins.has(name)) add("builtin", name);
      else add(source[at + name.length] === "(" ? "call" : "name", name);
      at += text.length;
    }
  }
  add("newline", "\n");
  add("end", "");
  return tokens;
}

/** The place of the quote or slash that ends what begins at `start`. */
function endOf(source: string, start: number, mark: string): number {
  let isInBrackets = false;
  for (let at = start + 1; at < source.length; at += 1) {
    const letter = source[at]!;
    if (letter === "\\") at += 1;
    else if (letter === "\n" && mark === "/") return -1;
    else if (mark === "/" && letter === "[" && !isInBrackets) {
      isInBrackets = true;
      if (source[at + 1] === "^") at += 1;
      if (source[at + 1] === "]") at += 1;
    } else if (letter === "]") isInBrackets = false;
    else if (letter === mark && !isInBrackets) return at;
  }
  return -1;
}
