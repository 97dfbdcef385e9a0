import { globPattern } from "./glob.ts";
import { takeOptions } from "./options.ts";
import { joined } from "../joined-bytes.ts";
import { ToolError, readBytes, said, saidBytes } from "./tool.ts";
import type { Tool, ToolContext } from "./tool.ts";
import { readZip, writeZip } from "./zip-format.ts";
import type { ZipEntry } from "./zip-format.ts";

/** `zip [-r] [-q] [-j] ARCHIVE NAME…`. */
export const zip: Tool = async (argv, context) => {
  const stop = argv.findIndex((word) => word === "-x");
  const excluded = stop < 0 ? [] : argv.slice(stop + 1).map(globPattern);
  const given = takeOptions(
    "zip",
    (stop < 0 ? argv : argv.slice(0, stop)).map((word) => word.replace(/^-\d$/, "-9")),
    "rqj9vyouDX",
  );
  const [output, ...names] = given.words;
  if (output === undefined || names.length === 0) throw new ToolError("error: Nothing to do!", 12);
  const { cwd, fs } = context;
  const target = fs.resolvePath(cwd, /\.\w+$/.test(output) ? output : `${output}.zip`);
  const old = (await fs.exists(target)) ? (readZip(await fs.readFileBuffer(target)) ?? []) : [];
  const entries = new Map<string, ZipEntry>(old.map((entry) => [entry.name, entry]));
  let stdout = "";
  const add = async (path: string, name: string): Promise<void> => {
    const { isDirectory, mode, mtime } = await fs.stat(path);
    const plain = name.replace(/^(?:\.?\/)+/, "");
    const full = given.has("j") ? plain.split("/").at(-1)! : plain;
    if (path === target || excluded.some((pattern) => pattern.test(plain))) return;
    if (!isDirectory) {
      const data = await fs.readFileBuffer(path);
      stdout += `${entries.has(full) ? "updating" : "  adding"}: ${full} (${packing(data)})\n`;
      entries.set(full, { name: full, mode: mode & 0o7777, mtime, data });
      return;
    }
    const folder = full.replace(/\/?$/, "/");
    if (!given.has("j", "D") && plain !== "" && plain !== ".") {
      stdout += `${entries.has(folder) ? "updating" : "  adding"}: ${folder} (stored 0%)\n`;
      entries.set(folder, { name: folder, mode: mode & 0o7777, mtime, data: new Uint8Array() });
    }
    if (given.has("r"))
      for (const inner of await fs.readdir(path))
        await add(
          `${path}/${inner}`,
          plain === "." || plain === "" ? inner : `${plain.replace(/\/$/, "")}/${inner}`,
        );
  };
  let missing = "";
  for (const name of names) {
    const path = fs.resolvePath(cwd, name);
    if (await fs.exists(path)) await add(path, name);
    else missing += `\tzip warning: name not matched: ${name}\n`;
  }
  if (entries.size === 0) return said("", `${missing}\nzip error: Nothing to do! (${output})\n`, 12);
  await fs.writeFile(target, writeZip([...entries.values()]));
  return said(given.has("q") ? "" : stdout, missing, missing ? 18 : 0);
};

function packing(data: Uint8Array): string {
  const whole = writeZip([{ name: "", mode: 0, mtime: new Date(0), data }]).length - 98;
  return whole < data.length ? `deflated ${Math.round((1 - whole / data.length) * 100)}%` : "stored 0%";
}

/** `unzip [-l] [-q] [-o] [-p] [-d FOLDER] ARCHIVE [NAME…]`. */
export const unzip: Tool = async (argv, context) => {
  const stop = argv.findIndex((word) => word === "-x");
  const excluded = stop < 0 ? [] : argv.slice(stop + 1).map(globPattern);
  const given = takeOptions("unzip", stop < 0 ? argv : argv.slice(0, stop), "lqonpd:jtvZ1");
  const [name, ...wanted] = given.words;
  if (name === undefined) throw new ToolError("UnZip: an archive must be named", 10);
  const archive = (await context.fs.exists(context.fs.resolvePath(context.cwd, name))) ? name : `${name}.zip`;
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(archive, context);
  } catch {
    return said("", `unzip:  cannot find or open ${name}, ${name}.zip or ${name}.ZIP.\n`, 9);
  }
  const all = readZip(bytes);
  if (!all)
    return said(
      "",
      `  End-of-central-directory signature not found.  Either this file is not\n  a zipfile, or it constitutes one disk of a multi-part archive.\nunzip:  cannot find zipfile directory in one of ${name} or\n        ${name}.zip, and cannot find ${name}.ZIP, period.\n`,
      9,
    );
  const patterns = wanted.map(globPattern);
  const entries = all.filter(
    ({ name: own }) =>
      (patterns.length === 0 || patterns.some((pattern) => pattern.test(own))) &&
      !excluded.some((pattern) => pattern.test(own)),
  );
  if (given.has("Z")) return said(entries.map((entry) => `${entry.name}\n`).join(""));
  if (given.has("l")) return said(listed(archive, entries));
  if (given.has("p")) return saidBytes(joined(entries.map(({ data }) => data)));
  if (given.has("t"))
    return said(
      `Archive:  ${archive}\n${entries.map((entry) => `    testing: ${entry.name.padEnd(24)} OK\n`).join("")}No errors detected in compressed data of ${archive}.\n`,
    );
  if (patterns.length > 0 && entries.length === 0)
    return said("", `caution: filename not matched:  ${wanted[0]}\n`, 11);
  return said(
    `${given.has("q") ? "" : `Archive:  ${archive}\n`}${await put(entries, given.last("d"), given.has("j"), given.has("q"), given.has("n"), context)}`,
  );
};

function listed(archive: string, entries: readonly ZipEntry[]): string {
  const rows = entries.map(
    ({ name, data, mtime }) =>
      `${String(data.length).padStart(9)}  ${mtime.toISOString().slice(0, 10)} ${mtime.toISOString().slice(11, 16)}   ${name}\n`,
  );
  const total = entries.reduce((sum, { data }) => sum + data.length, 0);
  return `Archive:  ${archive}\n  Length      Date    Time    Name\n---------  ---------- -----   ----\n${rows.join("")}---------                     -------\n${String(total).padStart(9)}                     ${entries.length} file${entries.length === 1 ? "" : "s"}\n`;
}

async function put(
  entries: readonly ZipEntry[],
  folder: string | undefined,
  isFlat: boolean,
  isQuiet: boolean,
  keeps: boolean,
  { cwd, fs }: ToolContext,
): Promise<string> {
  const root = fs.resolvePath(cwd, folder ?? ".");
  let text = "";
  for (const { name, mode, mtime, data } of entries) {
    const parts = name.split("/").filter((part) => part !== "" && part !== "." && part !== "..");
    const own = isFlat ? (parts.at(-1) ?? "") : parts.join("/");
    const path = `${root === "/" ? "" : root}/${own}`;
    const shown = `${folder === undefined ? "" : `${folder.replace(/\/$/, "")}/`}${own}`;
    if (name.endsWith("/")) {
      if (isFlat || (await fs.exists(path))) continue;
      await fs.mkdir(path, { recursive: true });
      if (!isQuiet) text += `   creating: ${shown}/\n`;
      continue;
    }
    if (keeps && (await fs.exists(path))) continue;
    await fs.mkdir(path.slice(0, path.lastIndexOf("/")) || "/", { recursive: true });
    await fs.writeFile(path, data);
    await fs.chmod(path, mode);
    await fs.utimes(path, mtime, mtime);
    if (!isQuiet) text += `${data.length > 0 ? "  inflating" : " extracting"}: ${shown.padEnd(22)}  \n`;
  }
  return text;
}
