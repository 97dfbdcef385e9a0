import { fileDescriptor, filetypes } from "./wasi-descriptors.ts";
import type { Descriptor, Entry, Status } from "./wasi-descriptors.ts";
import { CallError, call } from "./wire.ts";

/** How a file is opened. */
export interface Opening {
  readonly write: boolean;
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
  readonly append: boolean;
  /** It must be a folder. */
  readonly directory: boolean;
  readonly follow: boolean;
}

/** Where a program's files are. Paths are absolute; each operation throws a CallError. */
export interface Place {
  open(path: string, opening: Opening): Descriptor;
  stat(path: string, follow: boolean): Status;
  readlink(path: string): string;
  /** Undefined where nothing can be changed. */
  readonly change?: {
    mkdir(path: string): void;
    rmdir(path: string): void;
    unlink(path: string): void;
    rename(from: string, to: string): void;
    symlink(target: string, path: string): void;
    utime(path: string, mtimeMs: number): void;
  };
}

interface Told {
  readonly type: "file" | "directory" | "symlink";
  readonly size: number;
  readonly mtimeMs: number;
  readonly inode: number;
}

/** The session's tree of files. */
export const sessionFiles: Place = {
  open(path, opening) {
    const { directory, follow, ...flags } = opening;
    const known = statOrNull(path, follow && !flags.exclusive);
    if (known?.filetype === filetypes.directory && !flags.create && !flags.truncate) {
      return folderDescriptor(path);
    }
    if (directory) throw new CallError(known ? "ENOTDIR" : "ENOENT", "no such folder");
    if (known?.filetype === filetypes.symlink && !flags.exclusive) throw new CallError("ELOOP", "a link");
    const handle = call({ op: "open", path, flags, mode: 0o644 }).value["handle"];
    return fileDescriptor({
      status: () => statusOf(call({ op: "fstat", handle }).value as unknown as Told),
      readAt: (position, length) => call({ op: "read", handle, position, length }).data,
      writeAt: flags.write
        ? (position, bytes) => Number(call({ op: "write", handle, position }, bytes).value["position"])
        : undefined,
      resize: flags.write ? (size) => void call({ op: "resize", handle, size }) : undefined,
      close: () => void call({ op: "close", handle }),
    });
  },
  stat: (path, follow) => statusOf(call({ op: "stat", path, follow }).value as unknown as Told),
  readlink: (path) => String(call({ op: "readlink", path }).value["target"]),
  change: {
    mkdir: (path) => void call({ op: "mkdir", path, mode: 0o755 }),
    rmdir: (path) => void call({ op: "rmdir", path }),
    unlink: (path) => void call({ op: "unlink", path }),
    rename: (from, to) => void call({ op: "rename", from, to }),
    symlink: (target, path) => void call({ op: "symlink", target, path }),
    utime: (path, mtimeMs) => void call({ op: "utime", path, mtimeMs }),
  },
};

function folderDescriptor(path: string): Descriptor {
  return {
    folder: path,
    status: () => sessionFiles.stat(path, true),
    entries: () => {
      const told = call({ op: "list", path }).value["entries"] as { name: string; type: Told["type"] }[];
      return told.map(({ name, type }): Entry => ({ name, filetype: filetypes[type] }));
    },
  };
}

function statOrNull(path: string, follow: boolean): Status | null {
  try {
    return sessionFiles.stat(path, follow);
  } catch (error) {
    if (error instanceof CallError && error.code === "ENOENT") return null;
    throw error;
  }
}

function statusOf({ type, size, mtimeMs, inode }: Told): Status {
  return { filetype: filetypes[type], size, mtimeMs, inode };
}
