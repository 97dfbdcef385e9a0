import { takeOptions } from "./options.ts";
import { reasonOf, said } from "./tool.ts";
import type { Tool, ToolContext } from "./tool.ts";

interface Counted {
  readonly name: string;
  readonly bytes: number;
  readonly depth: number;
  readonly isFolder: boolean;
}

async function measure(
  path: string,
  name: string,
  depth: number,
  isApparent: boolean,
  fs: ToolContext["fs"],
  found: Counted[],
): Promise<number> {
  const { isDirectory, size } = await fs.lstat(path);
  // Folders have no size of their own here.
  let bytes = isDirectory ? (isApparent ? 0 : 4_096) : isApparent ? size : Math.ceil(size / 4_096) * 4_096;
  if (isDirectory) {
    for (const inner of await fs.readdir(path))
      bytes += await measure(
        `${path}/${inner}`,
        `${name.replace(/\/$/, "")}/${inner}`,
        depth + 1,
        isApparent,
        fs,
        found,
      );
  }
  found.push({ name, bytes, depth, isFolder: isDirectory });
  return bytes;
}

function human(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1_024; unit += 1) value /= 1_024;
  if (unit === 0) return String(bytes);
  return `${value < 10 ? (Math.ceil(value * 10) / 10).toFixed(1) : Math.ceil(value)}${"KMGTP"[unit - 1]}`;
}

/** `du [-abchks] [-d DEPTH] [--apparent-size] [PATH…]`. */
export const du: Tool = async (argv, { cwd, fs }) => {
  const given = takeOptions("du", argv, "abchksmd:Sxl", {
    all: "a",
    bytes: "b",
    total: "c",
    "human-readable": "h",
    summarize: "s",
    "max-depth": "d:",
    "apparent-size": "apparent",
    exclude: "exclude:",
  });
  const isApparent = given.has("b", "apparent");
  const unit = given.has("b") ? 1 : given.has("m") ? 1_048_576 : 1_024;
  const shown = (bytes: number): string => (given.has("h") ? human(bytes) : String(Math.ceil(bytes / unit)));
  const deepest = given.has("s") ? 0 : given.number("d", Number.POSITIVE_INFINITY);
  let [stdout, stderr, total] = ["", "", 0];
  for (const name of given.words.length > 0 ? given.words : ["."]) {
    const found: Counted[] = [];
    try {
      total += await measure(fs.resolvePath(cwd, name), name, 0, isApparent, fs, found);
    } catch (error) {
      stderr += `du: cannot access '${name}': ${reasonOf(error)}\n`;
    }
    for (const { name: path, bytes, depth, isFolder } of found) {
      if (depth <= deepest && (isFolder || depth === 0 || given.has("a")))
        stdout += `${shown(bytes)}\t${path}\n`;
    }
  }
  if (given.has("c")) stdout += `${shown(total)}\ttotal\n`;
  return said(stdout, stderr, stderr ? 1 : 0);
};

/** `df`: the session's files are in memory, and how much is left is not told. */
export const df: Tool = (argv) => {
  const isHuman = argv.some((word) => /^-[a-z]*h/.test(word));
  const unit = isHuman ? "Size  Used Avail" : "1K-blocks  Used Available";
  return said(
    `Filesystem     ${unit} Use% Mounted on\nsandbox        ${isHuman ? "   -     -     -" : "        -     -         -"}    - /\n`,
  );
};
