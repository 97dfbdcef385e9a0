import { takeOptions } from "./options.ts";
import {
  ToolError,
  byteString,
  bytesOf,
  linesOf,
  readBytes,
  readText,
  said,
  saidBytes,
  textOf,
} from "./tool.ts";
import type { Tool } from "./tool.ts";

const kinds = ["l", "w", "m", "c", "L"] as const;

/** `wc [-lwmcL] [FILE…]`, with the widths of GNU's. */
export const wc: Tool = async (argv, context) => {
  const given = takeOptions("wc", argv, "lwmcL", {
    lines: "l",
    words: "w",
    chars: "m",
    bytes: "c",
    "max-line-length": "L",
  });
  const wanted = given.has(...kinds) ? kinds.filter((kind) => given.has(kind)) : (["l", "w", "c"] as const);
  const names = given.words.length > 0 ? given.words : ["-"];
  const rows: { counts: readonly number[]; name: string }[] = [];
  let stderr = "";
  let bytes = 0;
  for (const name of names) {
    try {
      const data = await readBytes(name, context);
      bytes += data.length;
      rows.push({
        counts: wanted.map((kind) => countOf(kind, data)),
        name: given.words.length > 0 ? name : "",
      });
    } catch (error) {
      stderr += `wc: ${(error as Error).message}\n`;
    }
  }
  // Standard input has no size that could be known before.
  const isPlain = names.length === 1 && wanted.length === 1;
  const width = isPlain ? 1 : names.includes("-") ? 7 : String(bytes).length;
  if (names.length > 1) {
    const total = wanted.map((kind, at) =>
      rows.reduce((sum, { counts }) => (kind === "L" ? Math.max(sum, counts[at]!) : sum + counts[at]!), 0),
    );
    rows.push({ counts: total, name: "total" });
  }
  const text = rows
    .map(
      ({ counts, name }) =>
        `${counts.map((count) => String(count).padStart(width)).join(" ")}${name && ` ${name}`}\n`,
    )
    .join("");
  return said(text, stderr, stderr ? 1 : 0);
};

function countOf(kind: (typeof kinds)[number], data: Uint8Array): number {
  if (kind === "c") return data.length;
  if (kind === "l") return data.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0);
  const text = textOf(data);
  if (kind === "w") return text.split(/[ \t\n\v\f\r]+/).filter((word) => word !== "").length;
  if (kind === "m") return [...text].length;
  return Math.max(0, ...text.split("\n").map((line) => [...line].length));
}

/** `uniq [-cdui] [-f FIELDS] [-s CHARACTERS] [-w WIDTH] [INPUT [OUTPUT]]`. */
export const uniq: Tool = async (argv, context) => {
  const given = takeOptions("uniq", argv, "cduiDzf:s:w:", {
    count: "c",
    repeated: "d",
    unique: "u",
    "ignore-case": "i",
    "skip-fields": "f:",
    "skip-chars": "s:",
    "check-chars": "w:",
    "zero-terminated": "z",
  });
  const [input = "-", output] = given.words;
  const end = given.has("z") ? "\0" : "\n";
  const lines = linesOf(byteString(await readBytes(input, context)), end);
  const [fields, characters, width] = [
    given.number("f", 0),
    given.number("s", 0),
    given.number("w", Number.POSITIVE_INFINITY),
  ];
  const keyOf = (line: string): string => {
    const key = line
      .replace(new RegExp(`^(?:[ \\t]*[^ \\t]+){0,${fields}}`), "")
      .slice(characters)
      .slice(0, width);
    return given.has("i") ? key.toLowerCase() : key;
  };
  const groups: { line: string; key: string; count: number }[] = [];
  for (const line of lines) {
    const key = keyOf(line);
    const last = groups.at(-1);
    if (last?.key === key) last.count += 1;
    else groups.push({ line, key, count: 1 });
  }
  const text = groups
    .filter(({ count }) => (!given.has("d", "D") || count > 1) && (!given.has("u") || count === 1))
    .map(({ line, count }) =>
      given.has("D")
        ? `${line}${end}`.repeat(count)
        : `${given.has("c") ? `${String(count).padStart(7)} ` : ""}${line}${end}`,
    )
    .join("");
  if (output === undefined) return saidBytes(bytesOf(text));
  await context.fs.writeFile(context.fs.resolvePath(context.cwd, output), bytesOf(text));
  return said("");
};

/** `head` and `tail` count from the other end where the number has its sign; all else is just-bash's. */
export const head: Tool = async (argv, context) => {
  const [, count] = /(?:^| )(?:-n ?|--lines[= ])-(\d+)(?= |$)/.exec(argv.join(" ")) ?? [];
  const [, bytes] = /(?:^| )(?:-c ?|--bytes[= ])-(\d+)(?= |$)/.exec(argv.join(" ")) ?? [];
  if (count === undefined && bytes === undefined) return context.origCommand!([...argv]);
  const given = takeOptions("head", argv, "n:c:qv", { lines: "n:", bytes: "c:", quiet: "q", verbose: "v" });
  let text = "";
  const names = given.words.length > 0 ? given.words : ["-"];
  for (const name of names) {
    const content = byteString(await readBytes(name, context));
    if (names.length > 1 && !given.has("q"))
      text += `${text ? "\n" : ""}==> ${name === "-" ? "standard input" : name} <==\n`;
    if (bytes !== undefined) text += content.slice(0, Math.max(0, content.length - Number(bytes)));
    else text += (content.match(/[^\n]*\n|[^\n]+$/g) ?? []).slice(0, -Number(count) || undefined).join("");
  }
  return saidBytes(bytesOf(text));
};

/** `paste` of standard input when nothing else is named. */
export const paste: Tool = (argv, context) => {
  const isNamed = argv.some(
    (word, at) => !/^-./.test(word) && !/^(?:-d|-[sz]*d|--delimiters)$/.test(argv[at - 1] ?? ""),
  );
  return context.origCommand!(isNamed ? [...argv] : [...argv, "-"]);
};

/** `fmt [-w WIDTH]`: paragraphs filled to a width. */
export const fmt: Tool = async (argv, context) => {
  const given = takeOptions(
    "fmt",
    argv.map((word) => word.replace(/^-(\d+)$/, "-w$1")),
    "w:sg:u",
    { width: "w:", goal: "g:" },
  );
  const width = given.number("w", 75);
  if (!(width > 0)) throw new ToolError(`invalid width: ‘${given.last("w")}’`);
  const goal = Math.floor((width * 187) / 200);
  let text = "";
  for (const name of given.words.length > 0 ? given.words : ["-"]) {
    for (const paragraph of (await readText(name, context)).split(/(\n[ \t]*(?=\n))/)) {
      if (paragraph.trim() === "") {
        text += paragraph;
        continue;
      }
      const [lead = ""] = /^\n?/.exec(paragraph)!;
      const words = paragraph.trim().split(/\s+/);
      text += `${lead}${filled(words, width, goal).join("\n")}${paragraph.endsWith("\n") ? "\n" : ""}`;
    }
  }
  return said(text);
};

/** Lines whose lengths are as near to the goal as they can be, by the sum of the squares of what is missing. */
function filled(words: readonly string[], width: number, goal: number): string[] {
  const best: { cost: number; next: number }[] = [];
  best[words.length] = { cost: 0, next: words.length };
  for (let start = words.length - 1; start >= 0; start -= 1) {
    let length = -1;
    best[start] = { cost: Number.POSITIVE_INFINITY, next: start + 1 };
    for (let end = start + 1; end <= words.length; end += 1) {
      length += words[end - 1]!.length + 1;
      if (length > width && end > start + 1) break;
      const missing = end === words.length ? 0 : 100 * (goal - length) ** 2;
      // A last word alone is worse than lines of other lengths.
      const alone = start === words.length - 1 && start > 0 ? 22_500 / (length + 2) : 0;
      const cost = missing + alone + best[end]!.cost;
      if (cost < best[start]!.cost) best[start] = { cost, next: end };
    }
  }
  const lines: string[] = [];
  for (let at = 0; at < words.length; at = best[at]!.next)
    lines.push(words.slice(at, best[at]!.next).join(" "));
  return lines;
}
