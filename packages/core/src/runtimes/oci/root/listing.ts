import { createHash } from "node:crypto";
import { chmodSync, lstatSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { join } from "node:path";

/** So many entries at a time; the program can do something else in between. */
const atOnce = 400;

/**
 * A digest of everything in a root but the files' bytes: names, kinds, sizes, permissions, when they were changed.
 * Damage by a full disk, a cut unpacking, a tidy-up or a person changes it. Throws when something cannot be read.
 */
export async function listingOf(root: string): Promise<string> {
  const digest = createHash("sha256");
  for await (const { path, facts } of walk(root)) {
    // Folders are left out: more of them are made to mount on, and one that is missing has missing files.
    if (facts.isDirectory()) continue;
    const { mode, uid, size, ctimeNs } = facts;
    const target = facts.isSymbolicLink() ? readlinkSync(join(root, path)) : "";
    digest.update(`${JSON.stringify([path, target])} ${mode} ${uid} ${size} ${ctimeNs}\n`);
  }
  return digest.digest("hex");
}

/**
 * Removes what has no business in a box's root: devices, sockets, FIFOs, and what makes whoever starts a program
 * somebody else, which on this machine would be this user. Opens every folder to this user, who may not be root.
 */
export async function tame(root: string): Promise<void> {
  openTo(root, lstatSync(root, { bigint: true }));
  for await (const { path, facts } of walk(root)) {
    const whole = join(root, path);
    if (facts.isSymbolicLink()) continue;
    if (facts.isDirectory()) openTo(whole, facts);
    else if (!facts.isFile()) rmSync(whole);
    else if ((facts.mode & setIds) !== 0n) chmodSync(whole, Number(facts.mode & 0o1777n));
  }
}

/** Removes what `tame` may not have seen yet. */
export async function removeUntamed(folder: string): Promise<void> {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    await tame(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

const setIds = 0o6000n;

function openTo(folder: string, { mode }: BigIntFacts): void {
  if ((mode & 0o700n) !== 0o700n || (mode & setIds) !== 0n) {
    chmodSync(folder, Number((mode & 0o1777n) | 0o700n));
  }
}

async function* walk(root: string): AsyncGenerator<{ path: string; facts: BigIntFacts }> {
  const folders = [""];
  let count = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const name of readdirSync(join(root, folder)).sort()) {
      const path = folder === "" ? name : `${folder}/${name}`;
      const facts = lstatSync(join(root, path), { bigint: true });
      if (facts.isDirectory()) folders.push(path);
      yield { path, facts };
      count += 1;
      if (count % atOnce === 0) await setImmediate();
    }
  }
}

type BigIntFacts = ReturnType<typeof lstatSync> & {
  readonly mode: bigint;
  readonly uid: bigint;
  readonly size: bigint;
  readonly ctimeNs: bigint;
};
