import { formatDate, momentOfDate } from "./date.ts";
import { takeOptions } from "./options.ts";
import { ToolError, reasonOf, said } from "./tool.ts";
import type { Tool, ToolContext } from "./tool.ts";
import { Zone } from "./zone.ts";

type Status = Awaited<ReturnType<ToolContext["fs"]["stat"]>>;

function rights({ mode, isDirectory, isSymbolicLink }: Status): string {
  const bits = [..."rwxrwxrwx"].map((letter, at) => (mode & (0o400 >> at) ? letter : "-")).join("");
  return `${isSymbolicLink ? "l" : isDirectory ? "d" : "-"}${bits}`;
}

/** `stat [-L] [-c FORMAT | --printf=FORMAT] FILE…`. */
export const stat: Tool = async (argv, { cwd, env, fs }) => {
  const given = takeOptions("stat", argv, "c:Lft", {
    format: "c:",
    printf: "printf:",
    dereference: "L",
    terse: "t",
  });
  if (given.words.length === 0)
    throw new ToolError("missing operand\nTry 'stat --help' for more information.");
  if (given.has("f", "t")) throw new ToolError("-f and -t are not in this sandbox: use -c");
  const zone = new Zone(env.get("TZ") ?? "UTC");
  let [stdout, stderr] = ["", ""];
  for (const name of given.words) {
    const path = fs.resolvePath(cwd, name);
    try {
      const status = await (given.has("L") ? fs.stat(path) : fs.lstat(path));
      const target = status.isSymbolicLink ? await fs.readlink(path) : undefined;
      const format = given.last("c") ?? given.last("printf");
      if (format === undefined) stdout += described(name, status, target, zone);
      else {
        const plain = given.has("printf")
          ? format.replaceAll(/\\([nt\\])/g, (_, letter: string) => ({ n: "\n", t: "\t" })[letter] ?? "\\")
          : `${format}\n`;
        stdout += plain.replaceAll(
          /%([-0#]*)(\d*)([a-zA-Z%])/g,
          (all, flags: string, width: string, letter: string) => {
            const value = field(letter, name, status, target, zone);
            if (value === undefined) return all;
            return flags.includes("-")
              ? value.padEnd(Number(width))
              : value.padStart(Number(width), flags.includes("0") ? "0" : " ");
          },
        );
      }
    } catch (error) {
      stderr += `stat: cannot statx '${name}': ${reasonOf(error)}\n`;
    }
  }
  return said(stdout, stderr, stderr ? 1 : 0);
};

function kindOf({ isDirectory, isSymbolicLink, size }: Status): string {
  if (isSymbolicLink) return "symbolic link";
  return isDirectory ? "directory" : size === 0 ? "regular empty file" : "regular file";
}

function field(
  letter: string,
  name: string,
  status: Status,
  target: string | undefined,
  zone: Zone,
): string | undefined {
  const { seconds, nanoseconds } = momentOfDate(status.mtime);
  const kind = status.isSymbolicLink ? 0o120000 : status.isDirectory ? 0o040000 : 0o100000;
  switch (letter) {
    case "n":
      return name;
    case "N":
      return target === undefined ? `'${name}'` : `'${name}' -> '${target}'`;
    case "s":
      return String(status.size);
    case "a":
      return (status.mode & 0o7777).toString(8);
    case "A":
      return rights(status);
    case "f":
      return (kind | (status.mode & 0o7777)).toString(16);
    case "F":
      return kindOf(status);
    case "U":
    case "G":
      return "sandbox";
    case "u":
    case "g":
      return "1000";
    case "h":
      return "1";
    case "i":
      return String((status as unknown as { ino?: number }).ino ?? 0);
    case "d":
      return "1";
    case "b":
      return String(Math.ceil(status.size / 512));
    case "B":
      return "512";
    case "o":
      return "4096";
    case "W":
      return "0";
    case "w":
      return "-";
    case "X":
    case "Y":
    case "Z":
      return String(seconds);
    case "x":
    case "y":
    case "z":
      return formatDate("%Y-%m-%d %H:%M:%S.%N %z", seconds, nanoseconds, zone);
    case "%":
      return "%";
    default:
      return undefined;
  }
}

function described(name: string, status: Status, target: string | undefined, zone: Zone): string {
  const of = (letter: string): string => field(letter, name, status, target, zone)!;
  return [
    `  File: ${target === undefined ? name : `${name} -> ${target}`}`,
    `  Size: ${of("s").padEnd(10)}\tBlocks: ${of("b").padEnd(10)} IO Block: ${of("o").padEnd(6)} ${of("F")}`,
    `Device: 0,1\tInode: ${of("i").padEnd(11)} Links: 1`,
    `Access: (${of("a").padStart(4, "0")}/${of("A")})  Uid: ( 1000/ sandbox)   Gid: ( 1000/ sandbox)`,
    `Access: ${of("y")}`,
    `Modify: ${of("y")}`,
    `Change: ${of("y")}`,
    " Birth: -",
    "",
  ].join("\n");
}
