import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, readlink, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Pack } from "tar-stream";
import { SandboxError } from "../../../errors.ts";
import { tarArchive } from "../../shared/tar-archive.ts";
import { dockerignore, type IsIgnored } from "./dockerignore.ts";

/** One thing in a build's context. */
export interface ContextEntry {
  /** Relative, with slashes. */
  readonly path: string;
  readonly type: "file" | "directory" | "symlink";
  readonly mode: number;
  /** Of a symbolic link. */
  readonly target?: string;
  /** Of a file: where it is, or what is in it. */
  readonly content?: { readonly file: string } | { readonly bytes: Buffer };
}

/** Everything that a build sees. */
export interface BuildContext {
  /** The Dockerfile, relative to the context. */
  readonly dockerfile: string;
  readonly entries: readonly ContextEntry[];
}

/** The context of a Dockerfile: its folder without what .dockerignore leaves out. Throws IMAGE_BUILD_FAILED when it cannot be read. */
export async function readContext(dockerfile: string): Promise<BuildContext> {
  try {
    const file = (await stat(dockerfile)).isDirectory() ? join(dockerfile, "Dockerfile") : dockerfile;
    if (!(await isFile(file))) throw new Error(`there is no file ${file}`);
    const folder = dirname(file);
    const name = basename(file);
    const text = await firstFile([join(folder, `${name}.dockerignore`), join(folder, ".dockerignore")]);
    const isIgnored = dockerignore(text);
    const entries: ContextEntry[] = [];
    // The builder needs these two whatever the ignore file says.
    await walk(folder, "", (path) => path !== name && path !== ".dockerignore" && isIgnored(path), entries);
    return { dockerfile: name, entries };
  } catch (error) {
    if (SandboxError.is(error)) throw error;
    throw new SandboxError(
      "IMAGE_BUILD_FAILED",
      `The Dockerfile ${dockerfile} and its folder cannot be read: ${(error as Error).message}.`,
      {
        cause: error,
        remedy: "Pass the path of a Dockerfile; what it does not need belongs into .dockerignore.",
      },
    );
  }
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
}

/** A digest of all that the build sees: equal for equal contexts on any machine, whatever the times and owners. */
export async function digestOf(context: BuildContext): Promise<string> {
  const digest = createHash("sha256");
  for (const { path, type, mode, target, content } of context.entries) {
    const bytes = content === undefined ? "" : await contentDigest(content);
    digest.update(`${JSON.stringify([path, type, mode, target ?? "", bytes])}\n`);
  }
  return digest.update(context.dockerfile).digest("hex");
}

/** The context as the tar that engines take. */
export function packContext(context: BuildContext): Readable {
  return tarArchive(async (archive) => {
    for (const entry of context.entries) await packEntry(archive, entry);
  });
}

async function packEntry(archive: Pack, { path, type, mode, target, content }: ContextEntry): Promise<void> {
  const header = { name: path, type, mode, uid: 0, gid: 0, mtime: new Date(0) };
  if (type === "symlink") archive.entry({ ...header, linkname: target ?? "" });
  else if (content === undefined) archive.entry(header);
  else if ("bytes" in content) archive.entry(header, content.bytes);
  else {
    const { size } = await stat(content.file);
    const entry = archive.entry({ ...header, size });
    // A file that grows while it is read would break the archive.
    const read = size === 0 ? [] : createReadStream(content.file, { end: size - 1 });
    await pipeline(read, entry as unknown as Writable);
  }
}

async function contentDigest(content: NonNullable<ContextEntry["content"]>): Promise<string> {
  const digest = createHash("sha256");
  if ("bytes" in content) digest.update(content.bytes);
  else for await (const chunk of createReadStream(content.file)) digest.update(chunk as Buffer);
  return digest.digest("hex");
}

async function walk(
  folder: string,
  prefix: string,
  isIgnored: IsIgnored,
  entries: ContextEntry[],
): Promise<void> {
  const names = (await readdir(join(folder, prefix))).sort();
  for (const name of names) {
    const path = prefix === "" ? name : `${prefix}/${name}`;
    const file = join(folder, path);
    const facts = await lstat(file);
    const ignored = isIgnored(path);
    if (facts.isDirectory()) {
      const before = entries.length;
      if (!ignored) entries.push({ path, type: "directory", mode: 0o755 });
      // A rule may take back something inside a folder that is left out.
      await walk(folder, path, isIgnored, entries);
      if (ignored && entries.length > before) {
        entries.splice(before, 0, { path, type: "directory", mode: 0o755 });
      }
    } else if (!ignored && facts.isSymbolicLink()) {
      entries.push({ path, type: "symlink", mode: 0o777, target: await readlink(file) });
    } else if (!ignored && facts.isFile()) {
      // Only whether it can be run matters, and survives a checkout.
      const mode = facts.mode & 0o100 ? 0o755 : 0o644;
      entries.push({ path, type: "file", mode, content: { file } });
    }
  }
}

async function firstFile(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return "";
}
