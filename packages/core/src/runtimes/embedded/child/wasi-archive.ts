import { fileDescriptor, filetypes } from "./wasi-descriptors.ts";
import type { Descriptor, Entry, Status } from "./wasi-descriptors.ts";
import type { Place } from "./wasi-places.ts";
import { CallError } from "./wire.ts";

const blockBytes = 512;
const decoder = new TextDecoder();

/** The files of a tar archive below a folder, and some more, by their paths in it; nothing can be changed. */
export function archiveFiles(
  folder: string,
  archive: Uint8Array,
  more: Readonly<Record<string, Uint8Array>>,
): Place {
  const files = new Map<string, Uint8Array>();
  const folders = new Map<string, Entry[]>([["", []]]);
  const add = (path: string, filetype: number): void => {
    const end = path.lastIndexOf("/");
    const parent = end < 0 ? "" : path.slice(0, end);
    if (!folders.has(parent)) {
      folders.set(parent, []);
      add(parent, filetypes.directory);
    }
    folders.get(parent)!.push({ name: path.slice(end + 1), filetype });
  };
  for (const [path, content] of [...entriesOf(archive), ...Object.entries(more)]) {
    if (content === null) {
      if (folders.has(path)) continue;
      folders.set(path, []);
      add(path, filetypes.directory);
    } else {
      files.set(path, content);
      add(path, filetypes.file);
    }
  }
  const within = (path: string): string => {
    const parts: string[] = [];
    for (const part of path.slice(folder.length).split("/")) {
      if (part === "..") parts.pop();
      else if (part !== "" && part !== ".") parts.push(part);
    }
    return parts.join("/");
  };
  const stat = (path: string): Status => {
    const name = within(path);
    const content = files.get(name);
    if (!content && !folders.has(name)) throw new CallError("ENOENT", "no such file");
    return {
      filetype: content ? filetypes.file : filetypes.directory,
      size: content?.length ?? 0,
      inode: inodeOf(name),
      mtimeMs: 0,
    };
  };
  return {
    stat,
    open(path, { write, create, directory }): Descriptor {
      const status = stat(path);
      if (write || create) throw new CallError("EROFS", "nothing can be changed here");
      const name = within(path);
      const content = files.get(name);
      if (!content) return { folder: path, status: () => status, entries: () => folders.get(name)! };
      if (directory) throw new CallError("ENOTDIR", "not a folder");
      return fileDescriptor({
        status: () => status,
        readAt: (position, length) => content.subarray(position, position + length),
      });
    },
    readlink: () => {
      throw new CallError("EINVAL", "not a link");
    },
  };
}

const inodes = new Map<string, number>();

function inodeOf(name: string): number {
  let inode = inodes.get(name);
  if (inode === undefined) inodes.set(name, (inode = 2 ** 40 + inodes.size));
  return inode;
}

/** Paths and contents of a tar archive (POSIX ustar); of a folder null. */
function* entriesOf(archive: Uint8Array): Generator<[string, Uint8Array | null], void, undefined> {
  const text = (at: number, length: number): string =>
    decoder.decode(archive.subarray(at, at + length)).split("\0", 1)[0]!;
  for (let at = 0; at + blockBytes <= archive.length && archive[at] !== 0;) {
    const size = Number.parseInt(text(at + 124, 12).trim() || "0", 8);
    const prefix = text(at + 345, 155);
    const path = (prefix ? `${prefix}/${text(at, 100)}` : text(at, 100)).replace(/\/$/, "");
    const kind = text(at + 156, 1);
    at += blockBytes;
    if (kind === "5") yield [path, null];
    else if (kind === "" || kind === "0") yield [path, archive.subarray(at, at + size)];
    at += Math.ceil(size / blockBytes) * blockBytes;
  }
}
