import { errnoOf } from "./errnos.ts";
import { CallError, call } from "./wire.ts";

/** The parts of Emscripten's file system that a type of files needs. */
export interface EmscriptenFiles {
  MAX_OPEN_FDS: number;
  readonly ErrnoError: new (errno: number) => Error;
  createNode(parent: FileNode | null, name: string, mode: number, device: number): FileNode;
  mkdir(path: string): unknown;
  mount(type: object, options: object, path: string): unknown;
  makedev(major: number, minor: number): number;
  registerDevice(device: number, operations: object): void;
  mkdev(path: string, mode: number, device: number): unknown;
  open(path: string, flags: string): { readonly fd: number };
}

interface FileNode {
  readonly name: string;
  readonly parent: FileNode;
  readonly mount: { readonly mountpoint: string };
  mode: number;
  node_ops: object;
  stream_ops: object;
}

interface OpenStream {
  readonly node: FileNode;
  readonly flags: number;
  position: number;
  handle?: number;
}

interface Status {
  readonly type: "file" | "directory" | "symlink";
  readonly size: number;
  readonly mode: number;
  readonly mtimeMs: number;
  readonly inode: number;
}

const kinds = { file: 0o100000, directory: 0o040000, symlink: 0o120000 } as const;
const open = { accessMode: 0o3, create: 0o100, exclusive: 0o200, truncate: 0o1000, append: 0o2000 } as const;
const mostBytes = 1_048_576;
const blockBytes = 4_096;

/** Shows the session's files at these folders. */
export function mountFiles(files: EmscriptenFiles, folders: readonly string[]): void {
  const guarded = <Value>(work: () => Value): Value => {
    try {
      return work();
    } catch (error) {
      if (error instanceof CallError) throw new files.ErrnoError(errnoOf(error.code));
      throw error;
    }
  };
  const ask = (request: object, data?: Uint8Array): ReturnType<typeof call> =>
    guarded(() => call(request, data));
  const statusAt = (path: string): Status =>
    ask({ op: "stat", path, follow: false }).value as unknown as Status;

  const pathOf = (node: FileNode): string => {
    const parts: string[] = [];
    for (let at = node; at.parent !== at; at = at.parent) parts.unshift(at.name);
    return [node.mount.mountpoint, ...parts].join("/");
  };
  const nodeOf = (parent: FileNode | null, name: string, mode: number): FileNode => {
    const node = files.createNode(parent, name, mode, 0);
    node.node_ops = nodeOperations;
    node.stream_ops = streamOperations;
    return node;
  };
  const attributes = (node: FileNode, status: Status): object => {
    node.mode = kinds[status.type] | status.mode;
    const time = new Date(status.mtimeMs);
    return {
      dev: 1,
      ino: status.inode,
      mode: node.mode,
      nlink: 1,
      uid: 0,
      gid: 0,
      rdev: 0,
      size: status.size,
      atime: time,
      mtime: time,
      ctime: time,
      blksize: blockBytes,
      blocks: Math.ceil(status.size / 512),
    };
  };
  const resizeAt = (path: string, size: number): void => {
    const handle = ask({ op: "open", path, flags: { write: true } }).value["handle"];
    ask({ op: "resize", handle, size });
    ask({ op: "close", handle });
  };
  const change = (
    path: string,
    wanted: { mode?: number | null; size?: number; mtime?: number | null },
  ): void => {
    if (wanted.mode !== undefined && wanted.mode !== null) ask({ op: "chmod", path, mode: wanted.mode });
    if (typeof wanted.mtime === "number") ask({ op: "utime", path, mtimeMs: wanted.mtime });
    if (wanted.size !== undefined) resizeAt(path, wanted.size);
  };

  const nodeOperations = {
    getattr: (node: FileNode) => attributes(node, statusAt(pathOf(node))),
    setattr: (node: FileNode, wanted: object) => {
      change(pathOf(node), wanted);
      Object.assign(node, "mode" in wanted && wanted.mode ? { mode: wanted.mode } : {});
    },
    lookup: (parent: FileNode, name: string) => {
      const status = statusAt(`${pathOf(parent)}/${name}`);
      return nodeOf(parent, name, kinds[status.type] | status.mode);
    },
    mknod: (parent: FileNode, name: string, mode: number) => {
      const path = `${pathOf(parent)}/${name}`;
      if ((mode & 0o170000) === kinds.directory) ask({ op: "mkdir", path, mode: mode & 0o7777 });
      else {
        const flags = { write: true, create: true };
        const handle = ask({ op: "open", path, flags, mode: mode & 0o7777 }).value["handle"];
        ask({ op: "close", handle });
      }
      return nodeOf(parent, name, mode);
    },
    rename: (node: FileNode, folder: FileNode, name: string) => {
      ask({ op: "rename", from: pathOf(node), to: `${pathOf(folder)}/${name}` });
      Object.assign(node, { name });
    },
    unlink: (parent: FileNode, name: string) => void ask({ op: "unlink", path: `${pathOf(parent)}/${name}` }),
    rmdir: (parent: FileNode, name: string) => void ask({ op: "rmdir", path: `${pathOf(parent)}/${name}` }),
    readdir: (node: FileNode) => {
      const entries = ask({ op: "list", path: pathOf(node) }).value["entries"] as { name: string }[];
      return [".", "..", ...entries.map(({ name }) => name)];
    },
    symlink: (parent: FileNode, name: string, target: string) => {
      ask({ op: "symlink", target, path: `${pathOf(parent)}/${name}` });
      return nodeOf(parent, name, kinds.symlink | 0o777);
    },
    readlink: (node: FileNode) => ask({ op: "readlink", path: pathOf(node) }).value["target"],
  };

  const streamOperations = {
    getattr: (stream: OpenStream) => {
      if (stream.handle === undefined) return attributes(stream.node, statusAt(pathOf(stream.node)));
      const { value } = ask({ op: "fstat", handle: stream.handle });
      return attributes(stream.node, value as unknown as Status);
    },
    setattr: (stream: OpenStream, wanted: { size?: number }) => {
      if (wanted.size === undefined) change(pathOf(stream.node), wanted);
      else ask({ op: "resize", handle: stream.handle, size: wanted.size });
    },
    open: (stream: OpenStream) => {
      if ((stream.node.mode & 0o170000) !== kinds.file) return;
      const { flags } = stream;
      // Emscripten has made, emptied or refused the file already.
      const wanted = { write: (flags & open.accessMode) !== 0, append: (flags & open.append) !== 0 };
      const path = pathOf(stream.node);
      stream.handle = ask({ op: "open", path, flags: wanted }).value["handle"] as number;
    },
    close: (stream: OpenStream) => {
      if (stream.handle !== undefined) ask({ op: "close", handle: stream.handle });
    },
    read: (stream: OpenStream, buffer: Uint8Array, offset: number, length: number, position: number) => {
      const wanted = Math.min(length, mostBytes);
      const { data } = ask({ op: "read", handle: stream.handle, position, length: wanted });
      buffer.set(data, offset);
      return data.length;
    },
    write: (stream: OpenStream, buffer: Uint8Array, offset: number, length: number, position: number) => {
      const size = Math.min(length, mostBytes);
      const data = buffer.subarray(offset, offset + size);
      ask({ op: "write", handle: stream.handle, position }, data);
      return size;
    },
    llseek: (stream: OpenStream, offset: number, whence: number) => {
      let position = offset;
      if (whence === 1) position += stream.position;
      else if (whence === 2) position += ask({ op: "fstat", handle: stream.handle }).value["size"] as number;
      if (position < 0) throw new files.ErrnoError(errnoOf("EINVAL"));
      return position;
    },
  };

  const type = { mount: () => nodeOf(null, "/", kinds.directory | 0o777) };
  for (const folder of folders) {
    try {
      files.mkdir(folder);
    } catch {
      // Emscripten has made it already.
    }
    files.mount(type, {}, folder);
  }
}
