import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** How much of the disk a folder takes, at most: what has several names counts for each. */
export async function folderBytes(path: string): Promise<number> {
  let bytes = 0;
  const folders = [path];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      const one = join(folder, entry.name);
      if (entry.isDirectory()) folders.push(one);
      const facts = await lstat(one).catch(() => null);
      // Windows tells no blocks.
      if (facts) bytes += facts.blocks ? facts.blocks * 512 : facts.size;
    }
  }
  return bytes;
}
