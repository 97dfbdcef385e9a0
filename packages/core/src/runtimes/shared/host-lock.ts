import { createHash, randomBytes } from "node:crypto";
import { link, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hostFolder } from "./host-folder.ts";
import { isAlive, thisOwner, type Owner } from "./owner.ts";

/** A lock whose owner cannot be asked (another container sharing the folder) is given up on after so long. */
const longestMs = 60 * 60_000;

/**
 * Does the work while no other process of this user on this machine does work of that name. The lock of a process that
 * has ended counts for nothing. Where no lock can be kept the work is done anyway: it must only be wasteful twice,
 * never wrong.
 */
export async function withHostLock<Answer>(
  name: string,
  options: { readonly signal: AbortSignal; readonly waiting: () => void },
  work: () => Promise<Answer>,
): Promise<Answer> {
  const path = await acquire(name, options).catch((error: unknown) => {
    options.signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return null;
  });
  try {
    return await work();
  } finally {
    if (path !== null) await rm(path, { force: true }).catch(() => {});
  }
}

async function acquire(
  name: string,
  { signal, waiting }: { readonly signal: AbortSignal; readonly waiting: () => void },
): Promise<string> {
  const folder = await hostFolder();
  const path = join(folder, `${createHash("sha256").update(name).digest("hex").slice(0, 32)}.lock`);
  const mine = `${path}.${randomBytes(8).toString("hex")}`;
  await writeFile(mine, JSON.stringify(thisOwner()), { flag: "wx", mode: 0o600 });
  try {
    for (let told = false; ;) {
      try {
        // A link appears with its content or not at all, so nobody reads half a lock.
        await link(mine, path);
        return path;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      if (await isStale(path)) {
        await rm(path, { force: true });
        continue;
      }
      if (!told) waiting();
      told = true;
      await sleep(200, undefined, { signal });
    }
  } finally {
    await rm(mine, { force: true });
  }
}

async function isStale(path: string): Promise<boolean> {
  try {
    const owner = JSON.parse(await readFile(path, "utf8")) as Owner;
    const alive = isAlive(owner);
    return alive === null ? Date.now() - (await stat(path)).mtimeMs > longestMs : !alive;
  } catch (error) {
    return error instanceof SyntaxError;
  }
}
