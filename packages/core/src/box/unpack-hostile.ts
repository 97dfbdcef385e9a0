import { constants } from "node:fs";
import { lstat, mkdir, open, rename, rm, symlink } from "node:fs/promises";
import { dirname, join, normalize, posix, sep } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Header } from "tar-stream";
import { SandboxError } from "../errors.ts";
import { copyTooLarge } from "./copy-limits.ts";
import type { CopyLimits, SkippedEntry } from "./copy-limits.ts";
import { besideOf } from "./beside-of.ts";
import { explainedHostError } from "../host-file-error.ts";

/** Links wait in memory until the end: all their names and targets together. */
const mostLinkCharacters = 64 * 1_048_576;
/** No system opens a longer path. */
const mostNameCharacters = 4_096;

/** Where an archive is unpacked. */
interface Destination {
  readonly root: string;
  /** Folders below it that were made or looked at already: a deep tree would else cost as many calls as its depth squared. */
  readonly folders: Set<string>;
}

/**
 * Unpacks a tar that came from inside a box into a host folder. Only files, folders and links that stay inside are
 * made; nothing is ever written through a link, and links are made last, so none can redirect a later entry.
 * Each file appears whole or not at all; `shownAs` is the folder's name in errors.
 * Resolves with the links that were left out because they lead elsewhere, as a virtual environment's do. Rejects with `ARCHIVE_REJECTED`, or with `FILE_TOO_LARGE` over the limits.
 */
export async function unpackHostile(
  archive: Readable,
  folder: string,
  limits: CopyLimits,
  shownAs: string = folder,
): Promise<readonly SkippedEntry[]> {
  const { extract } = await import("tar-stream");
  const extraction = extract();
  const destination: Destination = { root: folder, folders: new Set() };
  const links: { readonly path: string; readonly target: string }[] = [];
  const skipped: SkippedEntry[] = [];
  let bytes = 0;
  let entries = 0;
  let linkCharacters = 0;
  let malformed = false;
  extraction.once("error", () => {
    malformed = !archive.errored;
  });
  const filling = pipeline(archive, extraction);
  const emptying = (async (): Promise<void> => {
    for await (const entry of extraction) {
      const header = entry.header;
      bytes += header.size ?? 0;
      entries += 1;
      if (bytes > limits.maxBytes || entries > limits.maxEntries) throw copyTooLarge(limits);
      const name = safeName(header.name);
      if (header.type === "symlink") {
        const target = header.linkname ?? "";
        const reason = whyUnsafe(name, target);
        if (reason === undefined) links.push({ path: name, target });
        else skipped.push({ path: name, reason });
        linkCharacters += name.length + (header.linkname ?? "").length;
        if (linkCharacters > mostLinkCharacters) throw copyTooLarge(limits);
      } else if (name !== "" || header.type !== "directory") {
        await makeEntry(header, entry as unknown as Readable, destination, name);
      }
      entry.resume();
    }
  })().catch((error: Error) => {
    extraction.destroy(error);
    archive.destroy(error);
    throw error;
  });
  const [emptied, filled] = await Promise.allSettled([emptying, filling]);
  const own = explainedHostError(shownAs, emptied.status === "rejected" ? emptied.reason : undefined);
  if (SandboxError.is(own)) throw own;
  // The side that fills knows why the archive ended; the other one may only see that its entry was taken away.
  if (filled.status === "rejected") throw malformed ? notAnArchive(filled.reason) : filled.reason;
  if (own !== undefined) throw own;
  for (const link of links) {
    await makeLink(destination, link.path, link.target).catch((error: unknown) => {
      throw explainedHostError(shownAs, error);
    });
  }
  return skipped;
}

async function makeEntry(
  header: Header,
  content: Readable,
  destination: Destination,
  name: string,
): Promise<void> {
  const { type, mode } = header;
  const path = join(destination.root, name);
  if (type === "directory") {
    await makeFolders(destination, name);
    return;
  }
  if (type !== "file" && type !== "contiguous-file") throw rejected(name, `is of the kind "${type}"`);
  await makeFolders(destination, dirname(name));
  await makeFile(path, name, content, mode & 0o777 & ~0o022);
}

/** Makes a whole file or none: what is in its place stays until the new one is complete. */
async function makeFile(path: string, name: string, content: Readable, mode: number): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
  let target = path;
  const file = await open(path, flags, mode).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
    if ((await lstat(path)).isDirectory()) throw rejected(name, "stands where a folder is");
    target = besideOf(path);
    return open(target, flags, mode);
  });
  try {
    // Iterated, not piped: a pipe never ends when the entry was destroyed before it began.
    await file.writeFile(content).finally(() => file.close());
    if (target !== path) await rename(target, path);
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
}

/** Removes the file or link in the place of a link. */
async function makeRoom(path: string, name: string): Promise<void> {
  await rm(path, { force: true }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ERR_FS_EISDIR" ? rejected(name, "stands where a folder is") : error;
  });
}

/** Makes each folder of a path below the root, refusing to go through anything that is not a real folder. */
async function makeFolders({ root, folders }: Destination, name: string): Promise<void> {
  if (folders.has(name)) return;
  let below = "";
  for (const segment of name.split(sep)) {
    if (segment === "" || segment === ".") continue;
    below = below === "" ? segment : `${below}${sep}${segment}`;
    if (folders.has(below)) continue;
    const path = join(root, below);
    await mkdir(path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
      if (!(await lstat(path)).isDirectory())
        throw rejected(name, "goes through something that is no folder");
    });
    folders.add(below);
  }
}

async function makeLink(destination: Destination, name: string, target: string): Promise<void> {
  await makeFolders(destination, dirname(name));
  const path = join(destination.root, name);
  await makeRoom(path, name);
  await symlink(target, path);
}

/** The entry's path below the root in the host's form; "" is the root itself. */
function safeName(name: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  const hostile = parts.some(
    (part) => part === ".." || part.includes("\0") || part.includes(foreignSeparator),
  );
  if (name.length > mostNameCharacters) throw rejected(name.slice(0, 100), "has too long a name");
  if (name.startsWith("/") || hostile) throw rejected(name, "leaves the folder");
  return normalize(parts.join(sep)).replace(/^\.$/, "");
}

/** On Windows a backslash separates and a colon names a drive; elsewhere neither can be in a way that matters. */
const foreignSeparator = sep === "\\" ? "\\" : "\0";

/** A target may climb only at its start, through real folders: later ".." could climb out of another link's target. */
function whyUnsafe(name: string, target: string): string | undefined {
  if (target.length > mostNameCharacters) return "is a link with too long a target";
  const reached = posix.normalize(posix.join(posix.dirname(name.split(sep).join("/")), target));
  const climbsLate = /(^|\/)(?!\.\.?(\/|$))[^/]+\/(.*\/)?\.\.(\/|$)/.test(target);
  const leaves = target.startsWith("/") || reached === ".." || reached.startsWith("../");
  return target === "" || leaves || climbsLate ? "is a link that leaves the folder" : undefined;
}

function notAnArchive(cause: unknown): SandboxError {
  return new SandboxError("ARCHIVE_REJECTED", "The box sent an archive that is broken or cut off.", {
    remedy: "Nothing more was copied; treat the session's files as hostile.",
    cause,
  });
}

function rejected(name: string, why: string): SandboxError {
  return new SandboxError("ARCHIVE_REJECTED", `The entry ${JSON.stringify(name)} ${why}.`, {
    remedy: "Nothing more was copied; treat the session's files as hostile.",
  });
}
