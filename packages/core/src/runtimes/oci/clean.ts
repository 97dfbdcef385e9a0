import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { keyOf } from "./root/root-store.ts";

/**
 * Removes what can be made again, but not what a box is using: roots, agents. Templates hold a user's files and stay,
 * and so do the roots that they need. Resolves with a line for each thing.
 */
export async function cleanCache(
  cacheFolder: string,
  boxes: string,
  bases: readonly string[],
): Promise<string[]> {
  const kept = bases.map((id) => join(cacheFolder, "roots", keyOf(id)));
  const used = new Set([...kept, ...(await usedPaths(cacheFolder, boxes))]);
  const removed: string[] = [];
  for (const kind of ["roots", "agent"] as const) {
    const folder = join(cacheFolder, kind);
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      if ([...used].some((one) => one === path || one.startsWith(`${path}/`))) continue;
      await rm(path, { recursive: true, force: true });
      removed.push(`${kind === "roots" ? "root" : "agent"} ${path}`);
    }
  }
  await rm(join(cacheFolder, "names"), { recursive: true, force: true });
  return removed;
}

/** Folders that living boxes are made of; a root that is just being unpacked is in use too. */
async function usedPaths(cacheFolder: string, boxes: string): Promise<ReadonlySet<string>> {
  const used = new Set<string>();
  for (const number of await readdir(boxes).catch(() => [])) {
    const text = await readFile(join(boxes, number, "config.json"), "utf8").catch(() => "");
    try {
      const config = JSON.parse(text) as { root: { path: string }; mounts: { source: string }[] };
      used.add(config.root.path);
      for (const { source } of config.mounts) used.add(source);
    } catch {
      // It is not one yet, or no longer.
    }
  }
  for (const name of await readdir(join(cacheFolder, "roots")).catch(() => [])) {
    if (name.startsWith("unfinished-")) used.add(join(cacheFolder, "roots", name));
  }
  return used;
}
