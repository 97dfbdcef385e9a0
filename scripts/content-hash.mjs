import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const ignored = new Set(["node_modules", "dist", ".turbo", ".git"]);

/** A hash of the names and contents of files and folders below `root`; what is absent counts as absent. */
export function contentHash(root, paths, salt = "") {
  const hash = createHash("sha256").update(salt);
  const add = (path) => {
    const stats = statSync(join(root, path), { throwIfNoEntry: false });
    if (stats?.isDirectory()) {
      for (const name of readdirSync(join(root, path)).sort()) {
        if (!ignored.has(name)) add(`${path}/${name}`);
      }
    } else if (stats?.isFile()) {
      hash.update(`${path}\0${stats.size}\0`).update(readFileSync(join(root, path)));
    } else {
      hash.update(`${path}\0absent\0`);
    }
  };
  for (const path of paths) add(path);
  return hash.digest("hex");
}
