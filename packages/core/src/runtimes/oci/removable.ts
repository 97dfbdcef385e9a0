import { randomBytes } from "node:crypto";
import { readdir, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../../logger.ts";
import type { Removable } from "../../runtime.ts";
import { folderBytes } from "../shared/folder-bytes.ts";
import { ofEveryProcess } from "../shared/of-every-process.ts";
import { isAlive } from "../shared/owner.ts";
import { readConfig } from "./box/annotations.ts";
import type { Cgroups } from "./host/cgroups.ts";
import { reapAbandoned } from "./reaper.ts";
import { ImageNames } from "./root/image-names.ts";
import { removeUntamed } from "./root/listing.ts";
import { keyOf, unfinishedPrefix } from "./root/root-store.ts";

/** Boxes of programs that have ended, where they and their supervisors were killed; none or one for all. */
export async function removableBoxes(boxes: string, cgroups: Cgroups, logger: Logger): Promise<Removable[]> {
  let count = 0;
  let since = Date.now();
  for (const number of await readdir(boxes)) {
    const config = readConfig(await configOf(boxes, number));
    if (config === null || isAlive(config.owner) !== false) continue;
    count += 1;
    since = Math.min(since, (await stat(join(boxes, number)).catch(() => null))?.mtimeMs ?? since);
  }
  if (count === 0) return [];
  const remove = async (): Promise<boolean> => (await reapAbandoned(boxes, cgroups, logger)) > 0;
  const what = count === 1 ? "1 abandoned box" : `${count} abandoned boxes`;
  return [{ what, where: boxes, bytes: null, since, remove }];
}

/**
 * What can be made again and no box of any program is made of: roots, agents. Templates hold a user's files and are
 * none, nor are the roots that they need, nor what is just being unpacked.
 */
export async function removableFiles(
  cacheFolder: string,
  boxes: string,
  bases: readonly string[],
): Promise<Removable[]> {
  const kept = new Set(bases.map(keyOf));
  const found: Removable[] = [];
  for (const [kind, what] of [
    ["roots", "root"],
    ["agent", "agent"],
  ] as const) {
    const folder = join(cacheFolder, kind);
    const names = (await readdir(folder).catch(() => [])).filter(
      (name) => !kept.has(name) && !name.startsWith(unfinishedPrefix),
    );
    const used = await inUse(boxes);
    for (const name of names) {
      if (used(kind, name)) continue;
      const path = join(folder, name);
      found.push({
        what: `${what} ${await imageOf(path)}`,
        where: cacheFolder,
        bytes: await folderBytes(path),
        since: (await stat(path).catch(() => null))?.mtimeMs ?? null,
        async remove() {
          const removed = await removeUnused(folder, kind, name, boxes);
          if (removed && kind === "roots") await new ImageNames(cacheFolder).forget(name);
          return removed;
        },
      });
    }
  }
  return found;
}

/** A box that starts meanwhile finds its folder, or none, and has it made again; never a half of it. */
async function removeUnused(folder: string, kind: string, name: string, boxes: string): Promise<boolean> {
  if ((await inUse(boxes))(kind, name)) return false;
  const path = join(folder, name);
  const aside = `${unfinishedPrefix}${randomBytes(8).toString("hex")}`;
  const moved = await rename(path, join(folder, aside)).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      return false;
    },
  );
  if (!moved) return false;
  const used = await inUse(boxes);
  if (used(kind, name) || used(kind, aside)) {
    await rename(join(folder, aside), path);
    return false;
  }
  await removeUntamed(join(folder, aside));
  return true;
}

/**
 * Whether boxes are made of a folder: by their configurations, and by the mounts of all processes, as boxes of programs
 * with another folder for running boxes may be made of it too.
 */
async function inUse(boxes: string): Promise<(kind: string, name: string) => boolean> {
  const configs = (await readdir(boxes)).map((number) => configOf(boxes, number));
  const told = [...(await Promise.all(configs)), ...(await ofEveryProcess("mountinfo"))].join("\n");
  return (kind, name) => told.includes(`/${kind}/${name}`);
}

async function configOf(boxes: string, number: string): Promise<string> {
  return readFile(join(boxes, number, "config.json"), "utf8").catch(() => "");
}

/** What a person knows a root by, else its path. */
async function imageOf(path: string): Promise<string> {
  try {
    const { reference } = JSON.parse(await readFile(join(path, "image.json"), "utf8")) as {
      reference?: unknown;
    };
    return typeof reference === "string" ? reference : path;
  } catch {
    return path;
  }
}
