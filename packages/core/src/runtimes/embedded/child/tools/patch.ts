import { takeOptions } from "./options.ts";
import { ToolError, readText, said } from "./tool.ts";
import type { Tool, ToolContext } from "./tool.ts";

interface Hunk {
  readonly start: number;
  readonly lines: readonly string[];
}

interface FilePatch {
  readonly from: string;
  readonly to: string;
  readonly hunks: Hunk[];
}

/** `patch [-pN] [-R] [-i PATCH] [-o OUTPUT] [--dry-run] [FILE]`, of unified differences. */
export const patch: Tool = async (argv, context) => {
  const given = takeOptions(
    "patch",
    argv,
    "p:Ri:o:sNfbd:",
    {
      strip: "p:",
      reverse: "R",
      input: "i:",
      output: "o:",
      "dry-run": "dry",
      silent: "s",
      quiet: "s",
      forward: "N",
      force: "f",
      directory: "d:",
    },
    2,
  );
  const folder = given.last("d");
  const place = {
    ...context,
    cwd: folder === undefined ? context.cwd : context.fs.resolvePath(context.cwd, folder),
  };
  const patches = readPatches(await readText(given.last("i") ?? "-", context));
  if (patches.length === 0) throw new ToolError("**** Only garbage was found in the patch input.", 2);
  let stdout = "";
  let exitCode = 0;
  for (const one of patches) {
    const { from, to, hunks } = given.has("R") ? reversed(one) : one;
    const name = given.words[0] ?? stripped(to === "/dev/null" ? from : to, given.last("p"));
    const before = from === "/dev/null" ? "" : await readText(name, place).catch(() => undefined);
    if (before === undefined) throw new ToolError(`**** Can't find file to patch: ${name}`, 1);
    if (!given.has("s")) stdout += `${given.has("dry") ? "checking" : "patching"} file ${name}\n`;
    const { text, failed, notes } = applied(before, hunks);
    stdout += notes;
    if (failed > 0) {
      exitCode = 1;
      stdout += `${failed} out of ${hunks.length} hunk${hunks.length > 1 ? "s" : ""} FAILED\n`;
    }
    if (!given.has("dry")) await store(given.last("o") ?? name, text, to === "/dev/null", place);
  }
  return said(stdout, "", exitCode);
};

async function store(name: string, text: string, isGone: boolean, { cwd, fs }: ToolContext): Promise<void> {
  const path = fs.resolvePath(cwd, name);
  if (isGone && text === "") return fs.rm(path, { force: true });
  await fs.mkdir(path.slice(0, path.lastIndexOf("/")) || "/", { recursive: true });
  return fs.writeFile(path, text);
}

const stripped = (name: string, count: string | undefined): string => {
  const parts = name.split("/");
  return count === undefined
    ? parts.at(-1)!
    : parts.slice(Math.min(Number(count), parts.length - 1)).join("/");
};

function readPatches(text: string): FilePatch[] {
  const patches: FilePatch[] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const [, from] = /^--- ([^\t\r]+)/.exec(lines[at]!) ?? [];
    const [, to] = /^\+\+\+ ([^\t\r]+)/.exec(lines[at + 1] ?? "") ?? [];
    if (from !== undefined && to !== undefined) {
      patches.push({ from: from.trim(), to: to.trim(), hunks: [] });
      at += 1;
      continue;
    }
    const [, start, old = "1", , fresh = "1"] =
      /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(lines[at]!) ?? [];
    if (start === undefined) continue;
    const body: string[] = [];
    let [left, right] = [Number(old), Number(fresh)];
    while (at + 1 < lines.length && (left > 0 || right > 0 || lines[at + 1]!.startsWith("\\"))) {
      const line = lines[(at += 1)]!;
      if (line.startsWith("\\")) body[body.length - 1] += "\0";
      else {
        body.push(line === "" ? " " : line);
        if (!line.startsWith("+")) left -= 1;
        if (!line.startsWith("-")) right -= 1;
      }
    }
    patches.at(-1)?.hunks.push({ start: Number(start), lines: body });
  }
  return patches;
}

function reversed({ from, to, hunks }: FilePatch): FilePatch {
  const turned: Readonly<Record<string, string>> = { "+": "-", "-": "+" };
  return {
    from: to,
    to: from,
    hunks: hunks.map(({ start, lines }) => ({
      start,
      lines: lines.map((line) => (turned[line[0]!] ?? line[0]!) + line.slice(1)),
    })),
  };
}

/** Lines whose end is missing carry a zero in its place, as in the patch. */
function applied(before: string, hunks: readonly Hunk[]): { text: string; failed: number; notes: string } {
  const lines =
    before === ""
      ? []
      : before
          .replace(/([^\n])$/, "$1\0\n")
          .split("\n")
          .slice(0, -1);
  let shift = 0;
  let failed = 0;
  let notes = "";
  for (const [number, { start, lines: body }] of hunks.entries()) {
    const old = body.filter((line) => !line.startsWith("+")).map((line) => line.slice(1));
    const fresh = body.filter((line) => !line.startsWith("-")).map((line) => line.slice(1));
    const wanted = Math.max(0, start - (old.length > 0 ? 1 : 0)) + shift;
    const at = placeOf(lines, old, wanted);
    if (at === undefined) {
      failed += 1;
      notes += `Hunk #${number + 1} FAILED at ${start}.\n`;
      continue;
    }
    if (at !== wanted) {
      const by = at - wanted;
      notes += `Hunk #${number + 1} succeeded at ${at + 1} (offset ${by} line${Math.abs(by) === 1 ? "" : "s"}).\n`;
    }
    lines.splice(at, old.length, ...fresh);
    shift += fresh.length - old.length + (at - wanted);
  }
  return {
    text: lines
      .map((line) => `${line}\n`)
      .join("")
      .replace("\0\n", ""),
    failed,
    notes,
  };
}

function placeOf(lines: readonly string[], old: readonly string[], wanted: number): number | undefined {
  const fits = (at: number): boolean =>
    at >= 0 && at + old.length <= lines.length && old.every((line, by) => lines[at + by] === line);
  for (let by = 0; by <= lines.length; by += 1) {
    if (fits(wanted - by)) return wanted - by;
    if (fits(wanted + by)) return wanted + by;
  }
  return undefined;
}
