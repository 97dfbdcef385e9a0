import { joined } from "../joined-bytes.ts";
import zlib from "node:zlib";
import { formatDate } from "./date.ts";
import { takeOptions } from "./options.ts";
import type { Given } from "./options.ts";
import { readTar, writeTar } from "./tar-format.ts";
import type { TarEntry } from "./tar-format.ts";
import { ToolError, linesOf, readBytes, readText, reasonOf, saidBytes } from "./tool.ts";
import type { Tool, ToolContext } from "./tool.ts";
import { Zone } from "./zone.ts";

const long = {
  create: "c",
  extract: "x",
  get: "x",
  list: "t",
  append: "r",
  update: "u",
  file: "f:",
  gzip: "z",
  gunzip: "z",
  verbose: "v",
  directory: "C:",
  exclude: "exclude:",
  "strip-components": "strip:",
  "to-stdout": "O",
  "auto-compress": "a",
  bzip2: "j",
  xz: "J",
  zstd: "zstd",
  "files-from": "T:",
  "keep-old-files": "k",
  overwrite: "overwrite",
  "preserve-permissions": "p",
  dereference: "h",
  wildcards: "wildcards",
  "no-same-owner": "o",
  "same-owner": "o",
  owner: "owner:",
  group: "owner:",
  "numeric-owner": "o",
  mtime: "mtime:",
  sort: "sort:",
  "remove-files": "remove",
  "exclude-vcs": "vcs",
  transform: "transform:",
  version: "version",
  null: "null",
  format: "format:",
} as const;

/** A pattern of the names that are left out. */
function excluding(given: Given): (name: string) => boolean {
  const patterns = given.all("exclude").map((glob) => {
    const source = glob
      .replace(/\/$/, "")
      .replaceAll(/[.+^${}()|\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    return new RegExp(`(?:^|/)${source}(?:$|/)`);
  });
  if (given.has("vcs")) patterns.push(/(?:^|\/)\.(?:git|svn|hg|gitignore)(?:$|\/)/);
  return (name) => patterns.some((pattern) => pattern.test(name));
}

/** The first word may be options without a dash, whose values follow in order. */
function dashed(argv: readonly string[]): string[] {
  const [first = "", ...rest] = argv;
  if (first.startsWith("-") || !/^[a-zA-Z]+$/.test(first)) return [...argv];
  const words = [...first].flatMap((letter) =>
    "fCTbX".includes(letter) ? [`-${letter}`, rest.shift() ?? ""] : [`-${letter}`],
  );
  return [...words, ...rest];
}

/** `tar` that creates, lists, extracts and appends, plain and by gzip. */
export const tar: Tool = async (argv, context) => {
  const words = dashed(argv);
  const given = takeOptions("tar", words, "cxtruf:zvC:OajJT:kphoPSmWb:X:", long, 64);
  if (given.has("version")) return { stdout: "tar (GNU tar) 1.35\n", stderr: "", exitCode: 0 };
  if (
    given.has("j", "J", "zstd") ||
    /\.(?:t?bz2?|t?xz|txz|zst)$/.test(given.has("a") ? (given.last("f") ?? "") : "")
  ) {
    throw new ToolError("only gzip's compression (-z) is in this sandbox; python3 has bz2 and lzma", 2);
  }
  if (given.has("transform"))
    throw new ToolError("--transform is not in this sandbox: move the files before or after", 2);
  if (given.has("c")) return create(words, given, context, []);
  if (given.has("r", "u")) return create(words, given, context, await entriesOf(given, context));
  if (given.has("t")) return list(given, context);
  if (given.has("x")) return extract(given, context);
  throw new ToolError(
    "You must specify one of the '-Acdtrux', '--delete' or '--test-label' options\nTry 'tar --help' or 'tar --usage' for more information.",
    2,
  );
};

async function entriesOf(given: Given, context: ToolContext): Promise<TarEntry[]> {
  const name = given.last("f") ?? "-";
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(name, context);
  } catch (error) {
    const [, reason] = /: ([^:]*)$/.exec((error as Error).message) ?? [];
    throw new ToolError(`${name}: Cannot open: ${reason}\ntar: Error is not recoverable: exiting now`, 2);
  }
  try {
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = zlib.gunzipSync(bytes);
  } catch {
    throw new ToolError("Child returned status 1\ntar: Error is not recoverable: exiting now", 2, "");
  }
  const entries = readTar(bytes);
  if (!entries)
    throw new ToolError(
      "This does not look like a tar archive\ntar: Exiting with failure status due to previous errors",
      2,
    );
  return entries;
}

const isWanted = (given: Given): ((entry: TarEntry) => boolean) => {
  const isExcluded = excluding(given);
  const names = given.words.map((word) => word.replace(/\/$/, ""));
  const patterns = names.map(
    (name) =>
      new RegExp(
        `^${name
          .replaceAll(/[.+^${}()|\\]/g, "\\$&")
          .replaceAll("*", given.has("wildcards") ? ".*" : "\\*")
          .replaceAll("?", given.has("wildcards") ? "." : "\\?")}(?:/.*)?$`,
      ),
  );
  return ({ name }) =>
    !isExcluded(name) &&
    (patterns.length === 0 || patterns.some((pattern) => pattern.test(name.replace(/\/$/, ""))));
};

/** What is named and is not in the archive. */
function missing(given: Given, entries: readonly TarEntry[]): string {
  const names = entries.map(({ name }) => name.replace(/\/$/, ""));
  const gone = given.has("wildcards")
    ? []
    : given.words
        .map((word) => word.replace(/\/$/, ""))
        .filter((word) => !names.some((name) => name === word || name.startsWith(`${word}/`)));
  if (gone.length === 0) return "";
  return `${gone.map((word) => `tar: ${word}: Not found in archive\n`).join("")}tar: Exiting with failure status due to previous errors\n`;
}

async function list(given: Given, context: ToolContext): ReturnType<typeof extract> {
  const all = await entriesOf(given, context);
  const entries = all.filter(isWanted(given));
  const zone = new Zone(context.env.get("TZ") ?? "UTC");
  const shown = entries.map((entry) => (given.has("v") ? longLine(entry, zone) : `${entry.name}\n`)).join("");
  const stderr = missing(given, all);
  return { stdout: shown, stderr, exitCode: stderr ? 2 : 0 };
}

function longLine({ name, type, mode, mtime, target, data }: TarEntry, zone: Zone): string {
  const bits = [..."rwxrwxrwx"].map((letter, at) => (mode & (0o400 >> at) ? letter : "-")).join("");
  const kind = { file: "-", directory: "d", symlink: "l" }[type];
  const when = formatDate("%Y-%m-%d %H:%M", Math.floor(mtime.getTime() / 1_000), 0, zone);
  const owner = "sandbox/sandbox";
  const size = String(data.length).padStart(Math.max(1, 19 - owner.length - 1));
  return `${kind}${bits} ${owner} ${size} ${when} ${name}${type === "symlink" ? ` -> ${target}` : ""}\n`;
}

async function extract(
  given: Given,
  context: ToolContext,
): Promise<{ stdout: string; stderr: string; exitCode: number }> {
  const { fs } = context;
  const all = await entriesOf(given, context);
  const entries = all.filter(isWanted(given));
  const folder = fs.resolvePath(context.cwd, given.last("C") ?? ".");
  if (!(await fs.exists(folder)))
    throw new ToolError(
      `${given.last("C")}: Cannot open: No such file or directory\ntar: Error is not recoverable: exiting now`,
      2,
    );
  const strip = given.number("strip", 0);
  let stdout = "";
  let stderr = "";
  const pieces: Uint8Array[] = [];
  const later: (() => Promise<void>)[] = [];
  for (const entry of entries) {
    const parts = entry.name.split("/").filter((part) => part !== "" && part !== ".");
    if (parts.includes("..")) {
      stderr += `tar: ${entry.name}: Member name contains '..'\n`;
      continue;
    }
    const name = parts.slice(strip).join("/");
    if (name === "" && strip > 0) continue;
    if (given.has("O")) {
      pieces.push(entry.data);
      continue;
    }
    if (given.has("v")) stdout += `${entry.name}\n`;
    try {
      await put(fs.resolvePath(folder, name || "."), entry, given, fs, later);
    } catch (error) {
      stderr += `tar: ${entry.name}: Cannot open: ${reasonOf(error)}\n`;
    }
  }
  // A folder's time is that of what was written into it last.
  for (const work of later.toReversed()) await work();
  if (stderr) stderr += "tar: Exiting with failure status due to previous errors\n";
  stderr += missing(given, all);
  if (!given.has("O")) return { stdout, stderr, exitCode: stderr ? 2 : 0 };
  return saidBytes(joined(pieces), stderr, stderr ? 2 : 0);
}

async function put(
  path: string,
  entry: TarEntry,
  given: Given,
  fs: ToolContext["fs"],
  later: (() => Promise<void>)[],
): Promise<void> {
  const parent = path.slice(0, path.lastIndexOf("/")) || "/";
  if (entry.type === "directory") {
    if (!(await fs.exists(path))) await fs.mkdir(path, { recursive: true });
    later.push(async () => {
      await fs.chmod(path, entry.mode);
      await fs.utimes(path, entry.mtime, entry.mtime);
    });
    return;
  }
  if (!(await fs.exists(parent))) await fs.mkdir(parent, { recursive: true });
  if (given.has("k") && (await fs.exists(path))) throw Object.assign(new Error("EEXIST"), { code: "EEXIST" });
  await fs.rm(path, { force: true });
  if (entry.type === "symlink") return fs.symlink(entry.target, path);
  await fs.writeFile(path, entry.data);
  await fs.chmod(path, entry.mode);
  if (!given.has("m")) await fs.utimes(path, entry.mtime, entry.mtime);
}

/** Names in the order of the command line, each with the folder of the `-C` before it. */
async function named(
  words: readonly string[],
  given: Given,
  context: ToolContext,
): Promise<(readonly [folder: string, name: string])[]> {
  const found: (readonly [string, string])[] = [];
  let folder = context.cwd;
  const valued =
    /^-[a-zA-Z]*[fTbX]$|^--(?:file|exclude|files-from|strip-components|owner|group|mtime|sort|format)$/;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!;
    const [, own] = /^-C(.+)$/.exec(word) ?? /^--directory=(.*)$/.exec(word) ?? [];
    if (own !== undefined) folder = context.fs.resolvePath(folder, own);
    else if (/^-[a-zA-Z]*C$|^--directory$/.test(word))
      folder = context.fs.resolvePath(folder, words[(at += 1)] ?? ".");
    else if (valued.test(word)) at += 1;
    else if (!word.startsWith("-") || word === "-") found.push([folder, word]);
  }
  const listed = given.last("T");
  if (listed !== undefined) {
    const text = await readText(listed, context);
    found.push(...linesOf(text, given.has("null") ? "\0" : "\n").map((name) => [folder, name] as const));
  }
  return found;
}

async function create(
  words: readonly string[],
  given: Given,
  context: ToolContext,
  before: readonly TarEntry[],
): ReturnType<typeof extract> {
  const { fs } = context;
  const isExcluded = excluding(given);
  const names = await named(words, given, context);
  if (names.length === 0 && given.last("T") === undefined) {
    throw new ToolError(
      "Cowardly refusing to create an empty archive\nTry 'tar --help' or 'tar --usage' for more information.",
      2,
    );
  }
  const output = given.last("f") ?? "-";
  const target = fs.resolvePath(context.cwd, output);
  const entries: TarEntry[] = [...before];
  let verbose = "";
  let stderr = "";
  const add = async (path: string, name: string): Promise<void> => {
    if (isExcluded(name) || (output !== "-" && path === target)) return;
    const status = given.has("h") ? await fs.stat(path) : await fs.lstat(path);
    const { mode, mtime } = status;
    const type = status.isSymbolicLink ? "symlink" : status.isDirectory ? "directory" : "file";
    const shown = type === "directory" && !name.endsWith("/") ? `${name}/` : name;
    const data = type === "file" ? await fs.readFileBuffer(path) : new Uint8Array();
    entries.push({
      name: shown.replace(/^\/+/, ""),
      type,
      mode: mode & 0o7777,
      mtime,
      target: type === "symlink" ? await fs.readlink(path) : "",
      data,
    });
    if (given.has("v")) verbose += `${shown}\n`;
    if (type !== "directory") return;
    for (const inner of await fs.readdir(path)) await add(`${path}/${inner}`, `${shown}${inner}`);
  };
  for (const [folder, name] of names) {
    if (name.startsWith("/") && !stderr.includes("Removing"))
      stderr += "tar: Removing leading `/' from member names\n";
    try {
      await add(fs.resolvePath(folder, name), name);
    } catch (error) {
      stderr += `tar: ${name}: Cannot stat: ${reasonOf(error)}\n`;
    }
  }
  const failed = stderr.includes("Cannot");
  if (failed) stderr += "tar: Exiting with failure status due to previous errors\n";
  const plain = writeTar(entries);
  const isZipped = given.has("z") || (given.has("a") && /\.(?:t?gz|tgz)$/.test(output));
  const bytes = isZipped ? zlib.gzipSync(plain) : plain;
  if (output === "-") return saidBytes(bytes, verbose + stderr, failed ? 2 : 0);
  try {
    await fs.writeFile(target, bytes);
  } catch (error) {
    throw new ToolError(
      `${output}: Cannot open: ${reasonOf(error)}\ntar: Error is not recoverable: exiting now`,
      2,
    );
  }
  return { stdout: verbose, stderr, exitCode: failed ? 2 : 0 };
}
