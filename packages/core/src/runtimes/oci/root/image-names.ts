import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownFolder } from "../host/folders.ts";
import { keyOf } from "./root-store.ts";

/** Which image a name stood for when it was last resolved, so that no engine is needed for what is stored. */
export class ImageNames {
  readonly #folder: string;

  constructor(cacheFolder: string) {
    this.#folder = join(cacheFolder, "names");
  }

  async find(name: string): Promise<string | null> {
    try {
      const entry = JSON.parse(await readFile(this.#path(name), "utf8")) as { name?: unknown; id?: unknown };
      return entry.name === name && typeof entry.id === "string" ? entry.id : null;
    } catch {
      return null;
    }
  }

  async keep(name: string, id: string): Promise<void> {
    if ((await this.find(name)) === id) return;
    await ownFolder(this.#folder, 0o755);
    const unfinished = join(this.#folder, `unfinished-${randomBytes(8).toString("hex")}`);
    await writeFile(unfinished, JSON.stringify({ name, id }), { flag: "wx", mode: 0o644 });
    await rename(unfinished, this.#path(name));
  }

  /** Forgets the names of the image whose root has that key. */
  async forget(key: string): Promise<void> {
    for (const file of await readdir(this.#folder).catch(() => [])) {
      const path = join(this.#folder, file);
      const text = await readFile(path, "utf8").catch(() => "");
      const id = /"id":"([^"]+)"/.exec(text)?.[1];
      if (id !== undefined && keyOf(id) === key) await rm(path, { force: true });
    }
  }

  #path(name: string): string {
    return join(this.#folder, `${createHash("sha256").update(name).digest("hex").slice(0, 32)}.json`);
  }
}
