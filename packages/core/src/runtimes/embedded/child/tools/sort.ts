import { takeOptions } from "./options.ts";
import { ToolError, byteString, bytesOf, linesOf, readBytes, said, saidBytes } from "./tool.ts";
import type { Tool } from "./tool.ts";

interface Key {
  readonly start: readonly [field: number, character: number];
  readonly end: readonly [field: number, character: number] | undefined;
  readonly options: string;
}

const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const units = "KMGTPEZY";

function keyOf(text: string): Key {
  const [, field, character, own = "", end, endCharacter, more = ""] =
    /^(\d+)(?:\.(\d+))?([bdfgiMhnRrV]*)(?:,(\d+)(?:\.(\d+))?([bdfgiMhnRrV]*))?$/.exec(text) ?? [];
  if (field === undefined || field === "0")
    throw new ToolError(`invalid number at field start: invalid count at start of ‘${text}’`, 2);
  return {
    start: [Number(field), Number(character ?? 1)],
    end: end === undefined ? undefined : [Number(end), Number(endCharacter ?? 0)],
    options: own + more,
  };
}

/** The part of a line that a key names; without a separator a field has the blanks before it. */
function partOf(line: string, { start, end, options }: Key, separator: string | undefined): string {
  const places: [number, number][] = [];
  if (separator === undefined)
    for (const match of line.matchAll(/[ \t]*[^ \t]+|[ \t]+$/g))
      places.push([match.index, match.index + match[0].length]);
  else {
    let from = 0;
    for (const field of line.split(separator)) {
      places.push([from, from + field.length]);
      from += field.length + separator.length;
    }
  }
  const blanks = (from: number): number =>
    options.includes("b") ? /^[ \t]*/.exec(line.slice(from))![0].length : 0;
  const first = places[start[0] - 1];
  if (!first) return "";
  const from = first[0] + blanks(first[0]) + start[1] - 1;
  if (!end) return line.slice(from);
  const last = places[end[0] - 1];
  if (!last) return line.slice(from);
  return line.slice(from, end[1] === 0 ? last[1] : last[0] + blanks(last[0]) + end[1]);
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const numberIn = (text: string): number => Number(/^\s*(-?\d*\.?\d*)/.exec(text)![1] || 0) || 0;

function generalIn(text: string): number {
  const value = Number.parseFloat(text);
  return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
}

function humanIn(text: string): readonly [number, number] {
  const [, sign, digits, unit = ""] = /^\s*(-?)(\d*\.?\d*)([KkMGTPEZY]?)/.exec(text)!;
  const rank = unit === "" || Number(digits) === 0 ? 0 : units.indexOf(unit.toUpperCase()) + 1;
  const factor = sign ? -1 : 1;
  return [factor * rank, factor * Number(digits || 0)];
}

/** Runs of digits by their value, the rest by its letters. */
function byVersion(a: string, b: string): number {
  const runs = (text: string): readonly string[] => text.match(/\d+|\D+/g) ?? [];
  const [first, second] = [runs(a), runs(b)];
  for (let at = 0; at < Math.max(first.length, second.length); at += 1) {
    const [left = "", right = ""] = [first[at], second[at]];
    const areNumbers = /^\d/.test(left) && /^\d/.test(right);
    const order = areNumbers ? Number(left) - Number(right) : byText(left, right);
    if (order !== 0) return order;
  }
  return 0;
}

function compare(a: string, b: string, options: string): number {
  if (options.includes("n")) return numberIn(a) - numberIn(b);
  if (options.includes("g")) {
    const [left, right] = [generalIn(a), generalIn(b)];
    return left === right ? 0 : left < right ? -1 : 1;
  }
  if (options.includes("h")) {
    const [left, right] = [humanIn(a), humanIn(b)];
    return left[0] - right[0] || left[1] - right[1];
  }
  if (options.includes("M")) {
    const month = (text: string): number => months.indexOf(text.trimStart().slice(0, 3).toUpperCase());
    return month(a) - month(b);
  }
  if (options.includes("V")) return byVersion(a, b);
  const plain = (text: string): string => {
    let shown = options.includes("b") ? text.trimStart() : text;
    if (options.includes("d")) shown = shown.replaceAll(/[^A-Za-z0-9\s]/g, "");
    if (options.includes("i")) shown = shown.replaceAll(/[^ -~]/g, "");
    return options.includes("f") ? shown.toUpperCase() : shown;
  };
  return byText(plain(a), plain(b));
}

/** `sort`, in the order of the bytes. */
export const sort: Tool = async (argv, context) => {
  const given = takeOptions(
    "sort",
    argv,
    "bdfgiMhnRrVcCmsuzk:t:o:T:S:",
    {
      "ignore-leading-blanks": "b",
      "dictionary-order": "d",
      "ignore-case": "f",
      "general-numeric-sort": "g",
      "human-numeric-sort": "h",
      "month-sort": "M",
      "numeric-sort": "n",
      "random-sort": "R",
      reverse: "r",
      "version-sort": "V",
      sort: "sort:",
      check: "c?",
      merge: "m",
      output: "o:",
      key: "k:",
      stable: "s",
      "field-separator": "t:",
      unique: "u",
      "zero-terminated": "z",
      parallel: "parallel:",
      "buffer-size": "S:",
      "temporary-directory": "T:",
    },
    2,
  );
  const kind =
    { "general-numeric": "g", "human-numeric": "h", month: "M", numeric: "n", random: "R", version: "V" }[
      given.last("sort") ?? ""
    ] ?? "";
  const options = [..."bdfgiMhnRV"].filter((letter) => given.has(letter)).join("") + kind;
  const keys = given.all("k").map(keyOf);
  const end = given.has("z") ? "\0" : "\n";
  const separator = given.last("t")?.replace(/^\\t$/, "\t").replace(/^\\0$/, "\0");
  const lines: string[] = [];
  for (const name of given.words.length > 0 ? given.words : ["-"]) {
    try {
      lines.push(...linesOf(byteString(await readBytes(name, context)), end));
    } catch (error) {
      throw new ToolError(`cannot read: ${(error as Error).message}`, 2);
    }
  }
  const isReversed = given.has("r");
  const byKeys = (a: string, b: string): number => {
    for (const key of keys) {
      const isOwn = /[dfgiMhnRrV]/.test(key.options);
      const order = compare(
        partOf(a, key, separator),
        partOf(b, key, separator),
        isOwn ? key.options : options + key.options,
      );
      if (order !== 0) return (isOwn ? key.options.includes("r") : isReversed) ? -order : order;
    }
    if (keys.length > 0) return 0;
    const order = compare(a, b, options);
    return isReversed ? -order : order;
  };
  const byAll = (a: string, b: string): number => {
    const order = byKeys(a, b);
    if (order !== 0 || given.has("s", "u")) return order;
    return isReversed ? byText(b, a) : byText(a, b);
  };
  if (given.has("c", "C")) {
    const at = lines.findIndex(
      (line, place) =>
        place > 0 &&
        (byAll(lines[place - 1]!, line) > 0 || (given.has("u") && byKeys(lines[place - 1]!, line) === 0)),
    );
    if (at < 0) return said("");
    const quiet = given.has("C") || /^(?:quiet|silent)$/.test(given.last("c") ?? "");
    return said("", quiet ? "" : `sort: ${given.words[0] ?? "-"}:${at + 1}: disorder: ${lines[at]}\n`, 1);
  }
  if (options.includes("R")) {
    const ranks = new Map([...new Set(lines)].map((line) => [line, Math.random()]));
    lines.sort((a, b) => ranks.get(a)! - ranks.get(b)!);
  } else lines.sort(byAll);
  const kept = given.has("u")
    ? lines.filter((line, at) => at === 0 || byKeys(lines[at - 1]!, line) !== 0)
    : lines;
  const bytes = bytesOf(kept.map((line) => line + end).join(""));
  const output = given.last("o");
  if (output === undefined) return saidBytes(bytes);
  await context.fs.writeFile(context.fs.resolvePath(context.cwd, output), bytes);
  return said("");
};
