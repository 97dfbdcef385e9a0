import { takeOptions } from "./options.ts";
import { ToolError, readBytes, said } from "./tool.ts";
import type { Tool } from "./tool.ts";

/** `cmp [-s] [-l] [-n BYTES] FILE FILE`. */
export const cmp: Tool = async (argv, context) => {
  const given = takeOptions("cmp", argv, "sln:b", { silent: "s", quiet: "s", verbose: "l", bytes: "n:" }, 2);
  const [first, second = "-"] = given.words;
  if (first === undefined) throw new ToolError("missing operand after 'cmp'", 2);
  let files: Uint8Array[];
  try {
    files = [await readBytes(first, context), await readBytes(second, context)];
  } catch (error) {
    throw new ToolError((error as Error).message, 2);
  }
  const most = given.number("n", Number.POSITIVE_INFINITY);
  const [left, right] = files.map((bytes) => bytes.subarray(0, Math.min(bytes.length, most))) as [
    Uint8Array,
    Uint8Array,
  ];
  let line = 1;
  let differing = "";
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    if (left[at] !== right[at]) {
      if (given.has("s")) return said("", "", 1);
      if (!given.has("l")) return said(`${first} ${second} differ: byte ${at + 1}, line ${line}\n`, "", 1);
      differing += `${at + 1} ${octal(left[at]!)} ${octal(right[at]!)}\n`;
    }
    if (left[at] === 10) line += 1;
  }
  if (left.length === right.length) return said(differing, "", differing ? 1 : 0);
  if (given.has("s")) return said("", "", 1);
  const [short, bytes] = left.length < right.length ? [first, left] : [second, right];
  const where =
    bytes.length === 0
      ? "which is empty"
      : `after byte ${bytes.length}, ${bytes.at(-1) === 10 ? "line" : "in line"} ${bytes.at(-1) === 10 ? line - 1 : line}`;
  return said(differing, `cmp: EOF on ${short} ${where}\n`, 1);
};

const octal = (byte: number): string => byte.toString(8).padStart(3, " ");
