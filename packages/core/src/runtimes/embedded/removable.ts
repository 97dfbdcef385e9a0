import { readdir, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Removable } from "../../runtime.ts";
import { ofEveryProcess } from "../shared/of-every-process.ts";

/** A memory that takes so long to write is of a program that was killed. */
const unfinishedMs = 60 * 60_000;

/** The memories that are kept in a folder and that no process has started from, and what was left of unfinished ones. */
export async function removableMemories(folder: string): Promise<Removable[]> {
  const found: Removable[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const facts = await stat(path).catch(() => null);
    const unfinished = /^\.[0-9a-f-]{36}$/.test(name);
    if (!facts?.isFile() || !(unfinished || /^(?:python|cpp)-.*\.memory$/.test(name))) continue;
    if (unfinished && facts.mtimeMs > Date.now() - unfinishedMs) continue;
    if (await isUsed(path)) continue;
    found.push({
      what: `${unfinished ? "unfinished memory" : name.startsWith("cpp-") ? "compiled files of C++" : "memory of a started Python"} ${name.slice(0, 23)}`,
      where: folder,
      bytes: facts.size,
      since: facts.mtimeMs,
      async remove() {
        if (await isUsed(path)) return false;
        return rm(path).then(
          () => true,
          (error: NodeJS.ErrnoException) => {
            if (error.code !== "ENOENT") throw error;
            return false;
          },
        );
      },
    });
  }
  return found;
}

/** By the command lines of its children; one that starts at this moment has it made again. */
async function isUsed(path: string): Promise<boolean> {
  return (await ofEveryProcess("cmdline")).some((text) => text.includes(basename(path)));
}
