import { escapeLetters } from "./escape-letters.ts";
import { takeOptions } from "./options.ts";
import { ToolError, bytesOf, saidBytes, textOf, byteString, encoded } from "./tool.ts";
import type { Tool } from "./tool.ts";

const range = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, at) => String.fromCharCode(from + at)).join("");
const bytes = range(0, 255);
const only = (pattern: RegExp): string =>
  [...range(0, 127)].filter((letter) => pattern.test(letter)).join("");
const classes: Readonly<Record<string, string>> = {
  alpha: only(/[A-Za-z]/),
  digit: range(48, 57),
  alnum: only(/[A-Za-z0-9]/),
  upper: range(65, 90),
  lower: range(97, 122),
  space: "\t\n\v\f\r ",
  blank: "\t ",
  punct: only(/[!-/:-@[-`{-~]/),
  print: range(32, 126),
  graph: range(33, 126),
  cntrl: range(0, 31) + "\x7f",
  xdigit: only(/[0-9A-Fa-f]/),
};

const escapes: Readonly<Record<string, string>> = escapeLetters;

/** The characters that a set of `tr` names, in order; `[c*]` repeats until the other set is as long. */
function lettersOf(set: string, wanted: number): string[] {
  const pattern =
    /\[:(\w+):\]|\[=(.)=\]|\[([^\\]|\\.)\*(\d*)\]|(\\[0-7]{1,3}|\\[^]|[^])(?:-(\\[0-7]{1,3}|\\[^]|[^]))?/gu;
  const found: string[] = [];
  let stretch: readonly [string, number] | undefined;
  for (const [, name, same, repeated, count, from, to] of set.matchAll(pattern)) {
    if (name !== undefined) {
      const known = classes[name];
      if (known === undefined) throw new ToolError(`invalid character class ‘${name}’`);
      found.push(...known);
    } else if (same !== undefined) found.push(same);
    else if (repeated !== undefined) {
      if (Number(count) > 0) found.push(...plain(repeated).repeat(Number(count)));
      else stretch = [plain(repeated), found.length];
    } else if (to === undefined) found.push(plain(from!));
    else {
      const [start, end] = [plain(from!).codePointAt(0)!, plain(to).codePointAt(0)!];
      if (end < start)
        throw new ToolError(`range-endpoints of '${from}-${to}' are in reverse collating sequence order`);
      for (let code = start; code <= end; code += 1) found.push(String.fromCodePoint(code));
    }
  }
  if (stretch)
    found.splice(
      stretch[1],
      0,
      ...Array.from({ length: Math.max(0, wanted - found.length) }, () => stretch![0]),
    );
  return found;
}

function plain(letter: string): string {
  if (!letter.startsWith("\\") || letter.length === 1) return letter;
  if (/^\\[0-7]/.test(letter)) return String.fromCharCode(Number.parseInt(letter.slice(1), 8));
  return escapes[letter[1]!] ?? letter.slice(1);
}

/** `tr [-cdst] SET1 [SET2]`, of characters where the sets have any beyond ASCII, else of bytes. */
export const tr: Tool = (argv, { stdin }) => {
  const given = takeOptions("tr", argv, "cCdst", {
    complement: "c",
    delete: "d",
    "squeeze-repeats": "s",
    "truncate-set1": "t",
  });
  const [first, second] = given.words;
  if (first === undefined) throw new ToolError("missing operand\nTry 'tr --help' for more information.");
  if (second === undefined && !given.has("d", "s"))
    throw new ToolError(
      `missing operand after ‘${first}’\nTwo strings must be given when translating.\nTry 'tr --help' for more information.`,
    );
  const isWide = /[^\0-\x7f]/.test(given.words.join(""));
  const input = isWide ? textOf(bytesOf(stdin)) : stdin;
  let from = lettersOf(first, 0);
  const isComplement = given.has("c", "C");
  const listed = new Set(from);
  if (isComplement && !isWide) from = [...bytes].filter((letter) => !listed.has(letter));
  const isIn = (letter: string): boolean => listed.has(letter) !== isComplement;
  const to = second === undefined ? [] : lettersOf(second, from.length);
  let text = input;
  if (given.has("d"))
    text = Array.from(input)
      .filter((letter) => !isIn(letter))
      .join("");
  else if (second !== undefined && to.length > 0) {
    const map = new Map<string, string>();
    // Where one stands twice, its last place counts.
    from.forEach(
      (letter, at) =>
        (at < to.length || !given.has("t")) && map.set(letter, to[Math.min(at, to.length - 1)]!),
    );
    const last = to.at(-1)!;
    text = Array.from(input, (letter) =>
      isComplement && isWide ? (isIn(letter) ? last : letter) : (map.get(letter) ?? letter),
    ).join("");
  }
  if (given.has("s")) {
    const squeezed = second === undefined ? undefined : new Set(to);
    let before = "";
    text = Array.from(text)
      .filter((letter) => {
        const isAgain = letter === before && (squeezed ? squeezed.has(letter) : isIn(letter));
        before = letter;
        return !isAgain;
      })
      .join("");
  }
  return saidBytes(bytesOf(isWide ? byteString(encoded(text)) : text));
};
