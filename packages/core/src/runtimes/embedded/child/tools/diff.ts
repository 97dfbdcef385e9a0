import { formatDate, momentOfDate } from "./date.ts";
import { besides, normal, unified, withContext } from "./diff-forms.ts";
import type { Side } from "./diff-forms.ts";
import { changesBetween } from "./edits.ts";
import { takeOptions } from "./options.ts";
import type { Given } from "./options.ts";
import { ToolError, bytesOf, reasonOf, said, textOf } from "./tool.ts";
import type { Tool, ToolContext } from "./tool.ts";
import { Zone } from "./zone.ts";

const long = {
  unified: "u?",
  context: "c?",
  brief: "q",
  recursive: "r",
  "new-file": "N",
  "ignore-case": "i",
  "ignore-all-space": "w",
  "ignore-space-change": "b",
  "ignore-blank-lines": "B",
  "ignore-trailing-space": "Z",
  "side-by-side": "y",
  "suppress-common-lines": "suppress",
  "report-identical-files": "s",
  "strip-trailing-cr": "cr",
  width: "W:",
  label: "L:",
  exclude: "x:",
  color: "color?",
  text: "a",
  minimal: "d",
  normal: "normal",
  "expand-tabs": "t",
} as const;

/** `diff`: 0 when nothing differs, 1 when something does, 2 when it could not look. */
export const diff: Tool = async (argv, context) => {
  const words = argv.map((word) =>
    word.replace(/^-([uc])?(\d+)$/, (_, kind, lines) => (kind === "c" ? `-C${lines}` : `-U${lines}`)),
  );
  const given = takeOptions("diff", words, "ucqrNiwbBZysaW:U:C:L:x:tdp", long, 2);
  const [first, second, extra] = given.words;
  if (second === undefined || first === undefined) {
    throw new ToolError(
      `missing operand after '${argv.at(-1) ?? "diff"}'\ndiff: Try 'diff --help' for more information.`,
      2,
    );
  }
  if (extra !== undefined) throw new ToolError(`extra operand '${extra}'`, 2);
  return compare(first, second, given, context, false);
};

type Compared = Promise<{ stdout: string; stderr: string; exitCode: number }>;

async function compare(
  first: string,
  second: string,
  given: Given,
  context: ToolContext,
  isInner: boolean,
): Compared {
  const [isFirst, isSecond] = [await isFolder(first, context), await isFolder(second, context)];
  if (isFirst && isSecond) return compareFolders(first, second, given, context);
  const inFolder = (folder: string, file: string): string => `${folder}/${file.split("/").at(-1)}`;
  const from = isFirst ? inFolder(first, second) : first;
  const to = isSecond ? inFolder(second, first) : second;
  const [left, right] = [await read(from, given, context), await read(to, given, context)];
  const missing = [left, right].filter((side) => typeof side === "string");
  if (missing.length > 0) return said("", missing.map((words) => `diff: ${words}\n`).join(""), 2);
  const text = difference(
    from,
    to,
    left as Uint8Array,
    right as Uint8Array,
    given,
    await headers([from, to], given, context),
  );
  if (text === "") {
    return said(given.has("s") ? `Files ${from} and ${to} are identical\n` : "");
  }
  const head =
    isInner && !given.has("q") && !text.startsWith("Binary") ? `diff ${optionsOf(given)}${from} ${to}\n` : "";
  return said(head + text, "", text.startsWith("Binary") && !given.has("q") ? 2 : 1);
}

const optionsOf = (given: Given): string =>
  ["r", "u", "c", "N", "y", "w", "b", "i", "B"]
    .filter((key) => given.has(key))
    .map((key) => `-${key} `)
    .join("");

async function isFolder(name: string, { cwd, fs }: ToolContext): Promise<boolean> {
  if (name === "-") return false;
  try {
    return (await fs.stat(fs.resolvePath(cwd, name))).isDirectory;
  } catch {
    return false;
  }
}

/** A file's bytes, or why there are none. */
async function read(
  name: string,
  given: Given,
  { cwd, fs, stdin }: ToolContext,
): Promise<Uint8Array | string> {
  if (name === "-") return bytesOf(stdin);
  try {
    return await fs.readFileBuffer(fs.resolvePath(cwd, name));
  } catch (error) {
    return given.has("N") ? new Uint8Array() : `${name}: ${reasonOf(error)}`;
  }
}

async function compareFolders(first: string, second: string, given: Given, context: ToolContext): Compared {
  const { cwd, fs } = context;
  const excluded = given.all("x").map((pattern) => globPattern(pattern));
  const list = async (name: string): Promise<Set<string>> =>
    new Set(
      (await fs.readdir(fs.resolvePath(cwd, name))).filter(
        (entry) => !excluded.some((pattern) => pattern.test(entry)),
      ),
    );
  const [left, right] = [await list(first), await list(second)];
  const whole = { stdout: "", stderr: "", exitCode: 0 };
  for (const name of [...new Set([...left, ...right])].sort()) {
    const [from, to] = [`${first}/${name}`, `${second}/${name}`];
    const folders = [await isFolder(from, context), await isFolder(to, context)];
    if (
      (left.has(name) && right.has(name)) ||
      (given.has("N") && (given.has("r") || !folders.includes(true)))
    ) {
      if (folders[0] && folders[1] && !given.has("r")) {
        whole.stdout += `Common subdirectories: ${from} and ${to}\n`;
        continue;
      }
      const { stdout, stderr, exitCode } = await compare(from, to, given, context, true);
      whole.stdout += stdout;
      whole.stderr += stderr;
      whole.exitCode = Math.max(whole.exitCode, exitCode);
    } else {
      whole.stdout += `Only in ${left.has(name) ? first : second}: ${name}\n`;
      whole.exitCode = Math.max(whole.exitCode, 1);
    }
  }
  return whole;
}

function globPattern(glob: string): RegExp {
  const source = glob
    .replaceAll(/[.+^${}()|\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`);
}

async function headers(
  names: readonly string[],
  given: Given,
  { cwd, env, fs }: ToolContext,
): Promise<string[]> {
  const labels = given.all("L");
  const zone = new Zone(env.get("TZ") ?? "UTC");
  return Promise.all(
    names.map(async (name, at) => {
      const label = labels[at];
      if (label !== undefined) return label;
      let when = new Date();
      try {
        if (name !== "-") when = (await fs.stat(fs.resolvePath(cwd, name))).mtime;
      } catch {
        when = new Date(0);
      }
      const { seconds, nanoseconds } = momentOfDate(when);
      return `${name}\t${formatDate("%Y-%m-%d %H:%M:%S.%N %z", seconds, nanoseconds, zone)}`;
    }),
  );
}

function sideOf(text: string, header: string): Side {
  const lines = text === "" ? [] : text.split("\n");
  const isWhole = text === "" || text.endsWith("\n");
  if (isWhole) lines.pop();
  return { header, lines, isWhole };
}

function difference(
  from: string,
  to: string,
  left: Uint8Array,
  right: Uint8Array,
  given: Given,
  [first = "", second = ""]: readonly string[],
): string {
  if (!given.has("a") && (left.includes(0) || right.includes(0))) {
    const isSame = left.length === right.length && left.every((byte, at) => byte === right[at]);
    if (isSame) return "";
    return given.has("q") ? `Files ${from} and ${to} differ\n` : `Binary files ${from} and ${to} differ\n`;
  }
  const sides = [sideOf(textOf(left), first), sideOf(textOf(right), second)] as const;
  const keys = sides.map(({ lines, isWhole }) =>
    lines.map((line, at) => keyOf(line, given, at < lines.length - 1 || isWhole)),
  );
  let changes = changesBetween(keys[0]!, keys[1]!);
  if (given.has("B")) {
    const isBlank = (lines: readonly string[]): boolean => lines.every((line) => line.trim() === "");
    changes = changes.filter(
      ({ from: [start, end], to: [toStart, toEnd] }) =>
        !(isBlank(sides[0].lines.slice(start, end)) && isBlank(sides[1].lines.slice(toStart, toEnd))),
    );
  }
  if (given.has("y")) {
    return changes.length > 0 || !given.has("q")
      ? besides(sides[0], sides[1], changes, {
          width: given.number("W", 130),
          common: !given.has("suppress"),
        })
      : "";
  }
  if (changes.length === 0) return "";
  if (given.has("q")) return `Files ${from} and ${to} differ\n`;
  const lines = (key: string, upper: string): number => Number(given.last(upper) || given.last(key) || 3);
  if (given.has("u", "U")) return unified(sides[0], sides[1], changes, lines("u", "U"));
  if (given.has("c", "C")) return withContext(sides[0], sides[1], changes, lines("c", "C"));
  return normal(sides[0], sides[1], changes);
}

/** What counts of a line; one without an end differs from one with. */
function keyOf(line: string, given: Given, hasEnd: boolean): string {
  let key = line;
  if (given.has("cr")) key = key.replace(/\r$/, "");
  if (given.has("w")) key = key.replaceAll(/\s+/g, "");
  else if (given.has("b")) key = key.replaceAll(/\s+/g, " ").trimEnd();
  else if (given.has("Z")) key = key.trimEnd();
  if (given.has("i")) key = key.toLowerCase();
  return hasEnd || given.has("w", "b", "Z") ? key : `${key}\0`;
}
