import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Header as FullHeader, Pack } from "tar-stream";
import { SandboxError } from "../errors.ts";
import type { Channel } from "../stream/channel.ts";
import type { Connection } from "../stream/connection.ts";
import type { CopyReport, SkippedEntry } from "./copy-limits.ts";
import { explainedHostError, hostFileError } from "../host-file-error.ts";
import { operate } from "./operation.ts";
import { hostFile } from "./host-file.ts";
import type { SessionFiles } from "./session-files.ts";

type Header = Pick<FullHeader, "name"> & Partial<FullHeader>;

/**
 * Copies a host file or folder to a path in the box, streamed. A folder's content lands in `destination`;
 * a file becomes `destination`, or a file in it when it ends with a slash or is a folder that is there.
 */
export async function copyToBox(
  connection: Connection,
  files: SessionFiles,
  source: string,
  destination: string,
  signal: AbortSignal | undefined,
): Promise<CopyReport> {
  const status = await lstat(source).catch((cause: unknown) => {
    throw hostFileError(source, cause);
  });
  if (status.isDirectory()) {
    const path = files.resolve(destination);
    await files.makeDirectory(path, signal ? { signal } : {});
    const skipped: SkippedEntry[] = [];
    await operate(
      connection,
      { op: "unpack", path, links: "any" },
      { signal, upload: (channel) => sendFolder(channel, source, { signal, skipped }) },
    );
    return { skipped };
  }
  if (!status.isFile()) {
    throw new SandboxError("NOT_A_FILE", `${source} is neither a file nor a folder.`, {
      remedy: "Copy a regular file or a folder.",
    });
  }
  const target = await fileTarget(files, source, destination);
  const content = hostFile(source);
  const options = { mode: status.mode & 0o777, ...(signal ? { signal } : {}) };
  await files.writeFile(target, content, options).catch((error: unknown) => {
    throw explainedHostError(source, error);
  });
  return { skipped: [] };
}

async function fileTarget(files: SessionFiles, source: string, destination: string): Promise<string> {
  files.resolve(destination);
  const inside = `${destination.replace(/\/+$/, "")}/${basename(source)}`;
  if (destination.endsWith("/")) return inside;
  const isFolder = await files.stat(destination).then(
    (entry) => entry.type === "directory",
    () => false,
  );
  return isFolder ? inside : destination;
}

interface FolderCopy {
  readonly signal: AbortSignal | undefined;
  /** What can be in no archive is put here. */
  readonly skipped: SkippedEntry[];
}

async function sendFolder(channel: Channel, source: string, copy: FolderCopy): Promise<void> {
  const { pack } = await import("tar-stream");
  const archive = pack();
  const sending = (async (): Promise<void> => {
    for await (const chunk of archive as AsyncIterable<Uint8Array>) {
      if (!channel.open) return archive.destroy();
      await channel.write(0, chunk);
    }
    channel.end(0);
  })();
  const filling = addFolder(archive, source, "", copy).then(
    () => archive.finalize(),
    (cause: Error) => {
      const error = explainedHostError(source, cause) as Error;
      archive.destroy(error);
      throw error;
    },
  );
  await Promise.all([filling, sending]);
}

async function addFolder(archive: Pack, folder: string, prefix: string, copy: FolderCopy): Promise<void> {
  for (const bytes of (await readdir(folder, { encoding: "buffer" })).toSorted(Buffer.compare)) {
    copy.signal?.throwIfAborted();
    const name = bytes.toString("utf8");
    if (!isUtf8(bytes)) {
      copy.skipped.push({ path: prefix + name, reason: "has a name that is no UTF-8" });
      continue;
    }
    const path = join(folder, name);
    const status = await lstat(path);
    const header: Header = { name: prefix + name, mode: status.mode & 0o777, mtime: status.mtime };
    if (status.isDirectory()) {
      await addEntry(archive, { ...header, type: "directory" });
      await addFolder(archive, path, `${prefix}${name}/`, copy);
    } else if (status.isSymbolicLink()) {
      await addEntry(archive, { ...header, type: "symlink", linkname: await readlink(path) });
    } else if (status.isFile()) {
      await addFile(archive, path, { ...header, size: status.size });
    } else copy.skipped.push({ path: header.name, reason: "is neither a file, a folder nor a link" });
  }
}

function addEntry(archive: Pack, header: Header): Promise<void> {
  return new Promise((resolve, reject) => {
    archive.entry(header, "", (error) => (error ? reject(error) : resolve()));
  });
}

async function addFile(archive: Pack, path: string, header: Header & { size: number }): Promise<void> {
  if (header.size === 0) return addEntry(archive, header);
  // A file that grows meanwhile is cut at the size that was announced; one that shrinks is an error.
  const source = createReadStream(path, { end: header.size - 1, highWaterMark: 262_144 });
  await pipeline(source, archive.entry(header)).catch((cause: Error) => {
    throw cause.message === "Size mismatch" ? hostFileError(path, cause) : cause;
  });
}
