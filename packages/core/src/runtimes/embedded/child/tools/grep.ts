import { globPattern } from "./glob.ts";
import { takeOptions } from "./options.ts";
import type { Given } from "./options.ts";
import { fromBasic, fromExtended } from "./regex.ts";
import { ToolError, encoded, linesOf, readBytes, readText, reasonOf, saidBytes, textOf } from "./tool.ts";
import type { Tool, ToolContext, ToolResult } from "./tool.ts";

const long = {
  "extended-regexp": "E",
  "fixed-strings": "F",
  "basic-regexp": "G",
  "perl-regexp": "P",
  regexp: "e:",
  file: "f:",
  "ignore-case": "i",
  "no-ignore-case": "no-i",
  "invert-match": "v",
  "word-regexp": "w",
  "line-regexp": "x",
  count: "c",
  "files-with-matches": "l",
  "files-without-match": "L",
  "max-count": "m:",
  "only-matching": "o",
  quiet: "q",
  silent: "q",
  "no-messages": "s",
  "byte-offset": "b",
  "with-filename": "H",
  "no-filename": "h",
  "line-number": "n",
  null: "Z",
  "after-context": "A:",
  "before-context": "B:",
  context: "C:",
  text: "a",
  "binary-files": "binary:",
  recursive: "r",
  "dereference-recursive": "r",
  include: "include:",
  exclude: "exclude:",
  "exclude-dir": "exclude-dir:",
  color: "color?",
  colour: "color?",
  "null-data": "z",
  "line-buffered": "buffered",
  label: "label:",
  "initial-tab": "T",
} as const;

/** `grep`, with basic, extended and Perl's expressions. */
export const grep: Tool = (argv, context) => search("grep", argv, context);
export const egrep: Tool = (argv, context) => search("egrep", ["-E", ...argv], context);
export const fgrep: Tool = (argv, context) => search("fgrep", ["-F", ...argv], context);

async function search(name: string, argv: readonly string[], context: ToolContext): Promise<ToolResult> {
  const words = argv.map((word) => word.replace(/^-(\d+)$/, "-C$1"));
  const given = takeOptions(name, words, "EFGPe:f:ivwxclLm:oqsbHhnZA:B:C:arRzTUyI", long, 2);
  const patterns: string[] = given.all("e").flatMap((pattern) => pattern.split("\n"));
  for (const file of given.all("f")) patterns.push(...linesOf(await readText(file, context)));
  const files = [...given.words];
  if (!given.has("e", "f")) {
    const first = files.shift();
    if (first === undefined)
      throw new ToolError(
        "usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.",
        2,
      );
    patterns.push(...first.split("\n"));
  }
  const isRecursive = given.has("r", "R");
  const found: string[] = [];
  let stderr = "";
  const complain = (path: string, reason: string): void => {
    if (!given.has("s")) stderr += `grep: ${path}: ${reason}\n`;
    hasFailed = true;
  };
  let hasFailed = false;
  for (const file of files.length > 0 ? files : [isRecursive ? "." : "-"]) {
    await collect(file, isRecursive, files.length > 0, given, context, found, complain);
  }
  const isNamed = given.has("H") || (!given.has("h") && (isRecursive || files.length > 1));
  const searcher = new Searcher(patterns, given);
  let output = "";
  let hasMatched = false;
  for (const file of found) {
    let bytes: Uint8Array;
    try {
      bytes = await readBytes(file, context);
    } catch (error) {
      complain(file, /: ([^:]*)$/.exec((error as Error).message)![1]!);
      continue;
    }
    const shown = file === "-" ? (given.last("label") ?? "(standard input)") : file;
    const { text, count } = searcher.search(bytes, isNamed ? shown : undefined, shown);
    output += text;
    if (given.has("L") ? count === 0 : count > 0) hasMatched = true;
    if (hasMatched && given.has("q")) return saidBytes(new Uint8Array(), stderr, 0);
  }
  const exitCode = hasFailed && !(given.has("q") && hasMatched) ? 2 : hasMatched ? 0 : 1;
  return saidBytes(given.has("q") ? new Uint8Array() : encoded(output), stderr + searcher.notes, exitCode);
}

async function collect(
  file: string,
  isRecursive: boolean,
  isNamed: boolean,
  given: Given,
  context: ToolContext,
  found: string[],
  complain: (path: string, reason: string) => void,
): Promise<void> {
  const { cwd, fs } = context;
  if (file === "-") return void found.push(file);
  const path = fs.resolvePath(cwd, file);
  let isFolder: boolean;
  try {
    isFolder = (await fs.stat(path)).isDirectory;
  } catch (error) {
    return complain(file, reasonOf(error));
  }
  const base = file.split("/").at(-1)!;
  const fits = (key: string): boolean => given.all(key).some((glob) => globPattern(glob).test(base));
  if (!isFolder) {
    if (given.has("include") && !fits("include")) return undefined;
    if (!fits("exclude")) found.push(isNamed ? file : file.replace(/^\.\//, ""));
    return undefined;
  }
  if (!isRecursive) {
    if (!given.has("s")) complain(file, "Is a directory");
    return undefined;
  }
  if (fits("exclude-dir")) return undefined;
  for (const name of await fs.readdir(path)) {
    if ((await fs.lstat(`${path}/${name}`)).isSymbolicLink && !given.has("R")) continue;
    await collect(`${file.replace(/\/$/, "")}/${name}`, true, isNamed, given, context, found, complain);
  }
}

class Searcher {
  readonly #pattern: RegExp;
  readonly #given: Given;
  /** Said of files that are no text. */
  notes = "";

  constructor(patterns: readonly string[], given: Given) {
    this.#given = given;
    const plain = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&");
    const sources = patterns.map((pattern) => {
      if (given.has("F")) return plain(pattern);
      if (given.has("P")) return fromPerl(pattern);
      return given.has("E") ? fromExtended(pattern, false) : fromBasic(pattern);
    });
    let source = sources.map((one) => `(?:${one})`).join("|");
    if (sources.length === 1) [source] = sources as [string];
    if (given.has("x")) source = `^(?:${source})$`;
    else if (given.has("w")) source = `(?<![\\p{L}\\p{N}_])(?:${source})(?![\\p{L}\\p{N}_])`;
    const flags = `g${given.has("i", "y") && !given.has("no-i") ? "i" : ""}`;
    try {
      this.#pattern = new RegExp(source, given.has("w") ? `${flags}u` : flags);
    } catch {
      try {
        this.#pattern = new RegExp(source.replaceAll("\\p{L}\\p{N}", "a-zA-Z0-9"), flags);
      } catch (error) {
        throw new ToolError((error as Error).message.replace(/^Invalid regular expression: /, ""), 2);
      }
    }
  }

  search(bytes: Uint8Array, label: string | undefined, name: string): { text: string; count: number } {
    const given = this.#given;
    const end = given.has("z") ? "\0" : "\n";
    const lines = linesOf(textOf(bytes), end);
    const most = given.number("m", Number.POSITIVE_INFINITY);
    const isBinary = bytes.includes(0) && !given.has("a", "z") && given.last("binary") !== "text";
    const [before, after] = ["B", "A"].map((key) => Number(given.last(key) ?? given.last("C") ?? 0)) as [
      number,
      number,
    ];
    let text = "";
    let count = 0;
    let shownUntil = -1;
    let isShowing = 0;
    let offset = 0;
    const offsets = given.has("b")
      ? lines.map((line) => ((offset += encoded(line).length + 1), offset - encoded(line).length - 1))
      : [];
    const prefix = (at: number, mark: string, column = 0): string =>
      `${label === undefined ? "" : `${label}${given.has("Z") ? "\0" : mark}`}${given.has("n") ? `${at + 1}${mark}` : ""}${given.has("b") ? `${offsets[at]! + column}${mark}` : ""}`;
    const isQuiet = given.has("c", "l", "L", "q");
    for (let at = 0; at < lines.length && (count < most || isShowing > 0); at += 1) {
      const line = lines[at]!;
      this.#pattern.lastIndex = 0;
      const isMatch = count < most && this.#pattern.test(line) !== given.has("v");
      if (isMatch) {
        count += 1;
        if (given.has("l", "q")) break;
        if (isQuiet || isBinary) continue;
        if (given.has("o")) {
          this.#pattern.lastIndex = 0;
          if (!given.has("v"))
            for (const match of line.matchAll(this.#pattern)) {
              const shown = match.groups?.["kept"] ?? match[0];
              if (shown !== "") text += `${prefix(at, ":", match.index)}${shown}${end}`;
            }
          continue;
        }
        const start = Math.max(shownUntil + 1, at - before);
        if ((before > 0 || after > 0) && shownUntil >= 0 && start > shownUntil + 1) text += "--\n";
        for (let place = start; place < at; place += 1) text += `${prefix(place, "-")}${lines[place]}${end}`;
        text += `${prefix(at, ":")}${line}${end}`;
        shownUntil = at;
        isShowing = after;
      } else if (isShowing > 0) {
        text += `${prefix(at, "-")}${line}${end}`;
        shownUntil = at;
        isShowing -= 1;
      }
    }
    if (given.has("l") || given.has("L"))
      return { text: count > 0 === given.has("l") ? `${name}${given.has("Z") ? "\0" : "\n"}` : "", count };
    if (given.has("c")) return { text: `${label === undefined ? "" : `${label}:`}${count}\n`, count };
    if (isBinary && count > 0) this.notes += `grep: ${name}: binary file matches\n`;
    return { text, count };
  }
}

/** What Perl's expressions have and JavaScript's do not: `\K`, `\h`, POSIX classes, inline flags at the start, possessive quantifiers. */
function fromPerl(pattern: string): string {
  const named = pattern
    .replaceAll(/\[\[:(\w+):\]\]/g, (_, name: string) => fromExtended(`[[:${name}:]]`, false))
    .replaceAll("\\h", "[ \\t]")
    .replaceAll("\\R", "(?:\\r\\n|\\n|\\r)")
    .replaceAll(/\(\?P</g, "(?<")
    .replaceAll("\\A", "^")
    .replaceAll(/\\[zZ]/g, "$")
    .replaceAll(/([*+?}])\+/g, "$1");
  const plain = named.replace(/^\(\?i\)(.*)$/s, "(?i:$1)");
  const kept = plain.lastIndexOf("\\K");
  return kept < 0 ? plain : `${plain.slice(0, kept)}(?<kept>${plain.slice(kept + 2)})`;
}
