import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withHostLock } from "../../shared/host-lock.ts";
import { shared } from "../../shared/shared-work.ts";
import { checkReachable, folderError, ownFolder } from "../host/folders.ts";
import type { BoxRoot } from "./box-root.ts";
import type { ImageFacts, ObtainedImage, Unpack } from "./image-facts.ts";
import { listingOf, removeUntamed, tame } from "./listing.ts";
import { makeMountPoints } from "./mount-points.ts";

export interface StoreWork {
  readonly signal: AbortSignal | undefined;
  /** Another program is making the same root. */
  readonly waiting: () => void;
  /** A root was not what it should be, and is made again. */
  readonly damaged: (why: string) => void;
}

interface StoredRoot extends ImageFacts {
  readonly format: typeof format;
  /** See `listingOf`. */
  readonly listing: string;
}

const format = 1;
/** A root that is just being made, and what is fetched for it. */
export const unfinishedPrefix = "unfinished-";
const abandonedMs = 60 * 60_000;

/**
 * Roots by the digest of their images, each unpacked once for all programs of this machine. A root appears whole or not
 * at all; each program looks once whether it is still as it was made.
 */
export class RootStore {
  readonly #folder: string;
  readonly #checked: Map<string, BoxRoot> = new Map();

  constructor(cacheFolder: string) {
    this.#folder = join(cacheFolder, "roots");
  }

  /** The root of that image if it is stored and whole; what is not whole is removed. */
  async find(
    id: string,
    { damaged, signal }: Pick<StoreWork, "damaged" | "signal">,
  ): Promise<BoxRoot | null> {
    const known = this.#checked.get(id);
    if (known) return known;
    const folder = join(this.#folder, keyOf(id));
    if (await isThere(this.#folder)) await ownFolder(this.#folder, 0o755);
    const stored = await this.#read(folder, id);
    if (stored === null) {
      if (await isThere(folder)) {
        damaged(`The stored root of ${id} has no readable description.`);
        await this.#remove(folder);
      }
      return null;
    }
    const path = join(folder, "root");
    const listing = await shared(`list ${path}`, signal, () => listingOf(path).catch(() => "unreadable"));
    if (listing !== stored.listing) {
      damaged(`The stored root of ${stored.reference} has been changed.`);
      await this.#remove(folder);
      return null;
    }
    const root = { id, folder: path, env: stored.env, volumes: stored.volumes, template: null };
    this.#checked.set(id, root);
    return root;
  }

  /** Whether a root of that image is stored; not whether it is whole. */
  async has(id: string): Promise<boolean> {
    return (await this.#read(join(this.#folder, keyOf(id)), id)) !== null;
  }

  /** The root of an image, unpacked unless it is stored. */
  async ensure({ facts, unpack }: ObtainedImage, work: StoreWork): Promise<BoxRoot> {
    const present = await this.find(facts.id, work);
    if (present) return present;
    return shared(`unpack ${this.#folder} ${facts.id}`, work.signal, (signal) =>
      withHostLock(`root ${this.#folder} ${facts.id}`, { signal, waiting: work.waiting }, async () => {
        const meanwhile = await this.find(facts.id, { ...work, signal });
        if (meanwhile) return meanwhile;
        await this.#make(facts, unpack, signal);
        const made = await this.find(facts.id, { ...work, signal });
        if (made) return made;
        throw new Error(`the root of ${facts.reference} is not there after it was made`);
      }),
    );
  }

  /** The next use of a root looks again whether it is whole: something is wrong with its boxes. */
  doubt(id: string): void {
    this.#checked.delete(id);
  }

  /** Does the work with an empty folder on the store's disk, which is removed afterwards. */
  async withFolder<Answer>(work: (folder: string) => Promise<Answer>): Promise<Answer> {
    await ownFolder(this.#folder, 0o755);
    const folder = join(this.#folder, `${unfinishedPrefix}${randomBytes(8).toString("hex")}`);
    try {
      await mkdir(folder, { mode: 0o700 });
      return await work(folder);
    } catch (error) {
      throw folderError(this.#folder, error);
    } finally {
      await removeUntamed(folder);
    }
  }

  async #remove(folder: string): Promise<void> {
    await removeUntamed(folder).catch((error: unknown) => {
      throw folderError(this.#folder, error);
    });
  }

  async #make(facts: ImageFacts, unpack: Unpack, signal: AbortSignal): Promise<void> {
    await ownFolder(this.#folder, 0o755);
    await checkReachable(this.#folder);
    await this.#removeAbandoned();
    const unfinished = join(this.#folder, `${unfinishedPrefix}${randomBytes(8).toString("hex")}`);
    const root = join(unfinished, "root");
    try {
      // Nobody else is to find a program in it that is set to make him this user.
      await mkdir(unfinished, { mode: 0o700 });
      await mkdir(root, { mode: 0o755 });
      await unpack(root, signal);
      await tame(root);
      await completeRoot(root, facts.volumes);
      const stored: StoredRoot = { format, ...facts, listing: await listingOf(root) };
      await writeFile(join(unfinished, "image.json"), JSON.stringify(stored), { mode: 0o644 });
      await chmod(unfinished, 0o755);
      await rename(unfinished, join(this.#folder, keyOf(facts.id)));
    } catch (error) {
      await removeUntamed(unfinished);
      signal.throwIfAborted();
      throw folderError(this.#folder, error);
    }
  }

  async #read(folder: string, id: string): Promise<StoredRoot | null> {
    try {
      const stored = JSON.parse(await readFile(join(folder, "image.json"), "utf8")) as StoredRoot;
      return stored.format === format && stored.id === id ? stored : null;
    } catch {
      return null;
    }
  }

  /** Of programs that were killed while they unpacked. */
  async #removeAbandoned(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      if (!name.startsWith(unfinishedPrefix)) continue;
      const path = join(this.#folder, name);
      const facts = await stat(path).catch(() => null);
      if (facts && Date.now() - facts.mtimeMs > abandonedMs) await removeUntamed(path);
    }
  }
}

/** What an engine would mount into a container: names, and folders to mount on. */
async function completeRoot(root: string, volumes: readonly string[]): Promise<void> {
  await makeMountPoints(root, [...volumes]);
  await makeMountPoints(root, ["/workspace"], 0o700);
  await mkdir(join(root, "etc"), { recursive: true, mode: 0o755 });
  const hosts = "127.0.0.1 localhost sandbox\n::1 localhost ip6-localhost ip6-loopback\n";
  for (const [name, text] of [
    ["hosts", hosts],
    ["hostname", "sandbox\n"],
    ["resolv.conf", ""],
  ] as const) {
    // In the place of a link that may lead anywhere.
    await rm(join(root, "etc", name), { force: true });
    await writeFile(join(root, "etc", name), text, { flag: "wx", mode: 0o644 });
  }
  await rm(join(root, ".dockerenv"), { force: true });
}

/** The name of a root's folder. */
export function keyOf(id: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(id)?.[1];
  return hex ?? createHash("sha256").update(id).digest("hex");
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
