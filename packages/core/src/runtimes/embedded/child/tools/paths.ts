import { takeOptions } from "./options.ts";
import { ToolError, reasonOf, said } from "./tool.ts";
import type { Tool, ToolContext } from "./tool.ts";

/** A path without links, whose last part, or any with `-m`, need not be there. */
async function real(path: string, { fs }: ToolContext, mode: "e" | "m" | ""): Promise<string | undefined> {
  try {
    return await fs.realpath(path);
  } catch {
    if (mode === "e") return undefined;
    const parent = path.slice(0, path.lastIndexOf("/")) || "/";
    const folder = await (mode === "m"
      ? real(parent, { fs } as ToolContext, "m")
      : fs.realpath(parent).catch(() => undefined));
    return folder === undefined
      ? undefined
      : `${folder === "/" ? "" : folder}/${path.slice(path.lastIndexOf("/") + 1)}`;
  }
}

function relative(from: string, to: string): string {
  const [start, end] = [from, to].map((path) => path.split("/").filter(Boolean)) as [string[], string[]];
  let shared = 0;
  while (shared < start.length && start[shared] === end[shared]) shared += 1;
  return [...start.slice(shared).map(() => ".."), ...end.slice(shared)].join("/") || ".";
}

/** `realpath [-e | -m] [-s] [--relative-to=FOLDER] PATH…`. */
export const realpath: Tool = async (argv, context) => {
  const given = takeOptions("realpath", argv, "emsqzLP", {
    "canonicalize-existing": "e",
    "canonicalize-missing": "m",
    strip: "s",
    "no-symlinks": "s",
    quiet: "q",
    "relative-to": "to:",
    "relative-base": "base:",
  });
  if (given.words.length === 0)
    throw new ToolError("missing operand\nTry 'realpath --help' for more information.");
  const mode = given.has("e") ? "e" : given.has("m") ? "m" : "";
  const find = (name: string): Promise<string | undefined> => {
    const path = context.fs.resolvePath(context.cwd, name);
    return given.has("s") ? Promise.resolve(path) : real(path, context, mode);
  };
  const to = given.last("to");
  const base = to === undefined ? undefined : await find(to);
  if (to !== undefined && base === undefined) throw new ToolError(`${to}: No such file or directory`);
  let [stdout, stderr] = ["", ""];
  for (const name of given.words) {
    const path = await find(name);
    if (path === undefined) stderr += given.has("q") ? "" : `realpath: ${name}: No such file or directory\n`;
    else stdout += `${base === undefined ? path : relative(base, path)}\n`;
  }
  return said(stdout, stderr, stderr ? 1 : 0);
};

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** `mktemp [-d] [-u] [-q] [-t] [-p FOLDER | --tmpdir[=FOLDER]] [--suffix=SUFFIX] [TEMPLATE]`. */
export const mktemp: Tool = async (argv, { cwd, env, fs }) => {
  const given = takeOptions("mktemp", argv, "duqtp:", {
    directory: "d",
    "dry-run": "u",
    quiet: "q",
    tmpdir: "p?",
    suffix: "suffix:",
  });
  const temporary = env.get("TMPDIR") || "/tmp";
  const [template = "tmp.XXXXXXXXXX"] = given.words;
  const suffix = given.last("suffix") ?? /X([^X/]*)$/.exec(template)?.[1] ?? "";
  const stem = given.has("suffix") ? template : template.slice(0, template.length - suffix.length);
  const [marks] = /X*$/.exec(stem)!;
  if (marks.length < 3) throw new ToolError(`too few X's in template ‘${template}’`);
  const random = crypto.getRandomValues(new Uint8Array(marks.length));
  const name =
    stem.slice(0, -marks.length) +
    Array.from(random, (byte) => letters[byte % letters.length]).join("") +
    suffix;
  const folder = given.has("p")
    ? given.last("p") || temporary
    : given.has("t") || given.words.length === 0
      ? temporary
      : undefined;
  const shown = folder === undefined ? name : `${folder.replace(/\/$/, "")}/${name}`;
  const path = fs.resolvePath(cwd, shown);
  if (!given.has("u")) {
    try {
      if (given.has("d")) await fs.mkdir(path);
      else await fs.writeFile(path, "");
      await fs.chmod(path, given.has("d") ? 0o700 : 0o600);
    } catch (error) {
      throw new ToolError(
        `failed to create ${given.has("d") ? "directory" : "file"} via template ‘${folder === undefined ? template : `${folder}/${template}`}’: ${reasonOf(error)}`,
      );
    }
  }
  return said(`${shown}\n`);
};

/** `install [-d] [-m MODE] [-D] SOURCE… TARGET`. */
export const install: Tool = async (argv, { cwd, fs }) => {
  const given = takeOptions("install", argv, "dDm:t:o:g:vpCs", {
    mode: "m:",
    directory: "d",
    "target-directory": "t:",
  });
  const mode = Number.parseInt(given.last("m") ?? "755", 8);
  const at = (name: string): string => fs.resolvePath(cwd, name);
  if (given.has("d")) {
    for (const name of given.words) {
      await fs.mkdir(at(name), { recursive: true });
      await fs.chmod(at(name), mode);
    }
    return said("");
  }
  const words = [...given.words];
  const target = given.last("t") ?? words.pop();
  if (target === undefined || words.length === 0)
    throw new ToolError("missing file operand\nTry 'install --help' for more information.");
  const isFolder =
    given.has("t") || ((await fs.exists(at(target))) && (await fs.stat(at(target))).isDirectory);
  for (const name of words) {
    const path = isFolder ? at(`${target}/${name.split("/").at(-1)}`) : at(target);
    if (given.has("D")) await fs.mkdir(path.slice(0, path.lastIndexOf("/")) || "/", { recursive: true });
    let bytes: Uint8Array;
    try {
      bytes = await fs.readFileBuffer(at(name));
    } catch (error) {
      throw new ToolError(`cannot stat '${name}': ${reasonOf(error)}`);
    }
    try {
      await fs.writeFile(path, bytes);
    } catch (error) {
      throw new ToolError(`cannot create regular file '${target}': ${reasonOf(error)}`);
    }
    await fs.chmod(path, mode);
  }
  return said("");
};
