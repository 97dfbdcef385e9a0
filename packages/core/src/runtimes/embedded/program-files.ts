import { MemoryFile, MemoryFileError, checkPath, mostPathBytes } from "../../agent/memory-files.ts";
import type { MemoryFiles, MemoryFolder, MemoryNode } from "../../agent/memory-files.ts";

/** What a program is told of an entry. */
export interface EntryStatus {
  readonly type: MemoryNode["type"];
  readonly size: number;
  readonly mode: number;
  readonly mtimeMs: number;
  readonly inode: number;
}

/** How a file is opened; the names are those of POSIX without `O_`. */
export interface OpenFlags {
  readonly write?: boolean;
  readonly create?: boolean;
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
  readonly append?: boolean;
}

interface Handle {
  readonly file: MemoryFile;
  readonly path: string;
  readonly flags: OpenFlags;
}

interface Place {
  readonly parent: MemoryFolder;
  readonly name: string;
  /** Absolute, without links. */
  readonly path: string;
  readonly node: MemoryNode | undefined;
}

const mostLinks = 40;
const mostReadBytes = 8 * 1_048_576;
const mostNameBytes = 255;

const inodes = new WeakMap<object, number>();
let lastInode = 1;

/**
 * The session's tree as one program sees it: links are followed, files are open until they are closed. Every call may
 * come from a hostile program; none reaches anything but the tree.
 */
export class ProgramFiles {
  readonly #tree: MemoryFiles;
  readonly #mostHandles: number;
  readonly #handles = new Map<number, Handle>();
  #lastHandle = 0;

  constructor(tree: MemoryFiles, mostHandles = 1_024) {
    this.#tree = tree;
    this.#mostHandles = mostHandles;
  }

  stat(path: string, follow = true): EntryStatus {
    return statusOf(this.#existing(path, follow));
  }

  list(path: string): { readonly name: string; readonly type: MemoryNode["type"] }[] {
    const folder = this.#folder(path);
    return [...folder.children].map(([name, node]) => ({ name, type: node.type }));
  }

  makeFolder(path: string, mode = 0o755): void {
    const place = this.#place(path, false);
    if (place.node) throw new MemoryFileError("EEXIST", path, "file exists");
    this.#writable(place);
    this.#tree.charge(path, 0, 1);
    const now = Date.now();
    place.parent.children.set(place.name, {
      type: "directory",
      children: new Map(),
      mode: mode & 0o7777,
      mtimeMs: now,
    });
    place.parent.mtimeMs = now;
  }

  removeFile(path: string): void {
    const place = this.#place(path, false);
    if (!place.node) throw absent(path);
    if (place.node.type === "directory") throw new MemoryFileError("EISDIR", path, "is a directory");
    this.#writable(place);
    this.#tree.remove(place.path);
    place.parent.mtimeMs = Date.now();
  }

  removeFolder(path: string): void {
    const place = this.#place(path, false);
    if (!place.node) throw absent(path);
    if (place.node.type !== "directory") throw new MemoryFileError("ENOTDIR", path, "not a directory");
    this.#writable(place);
    this.#tree.remove(place.path);
    place.parent.mtimeMs = Date.now();
  }

  rename(from: string, to: string): void {
    const source = this.#place(from, false);
    if (!source.node) throw absent(from);
    const target = this.#place(to, false);
    this.#writable(source);
    this.#writable(target);
    this.#tree.rename(source.path, target.path);
    source.parent.mtimeMs = target.parent.mtimeMs = Date.now();
  }

  link(target: string, path: string): void {
    const place = this.#place(path, false);
    if (place.node) throw new MemoryFileError("EEXIST", path, "file exists");
    this.#writable(place);
    this.#tree.link(place.path, target.slice(0, 4_096));
    place.parent.mtimeMs = Date.now();
  }

  readLink(path: string): string {
    const node = this.#existing(path, false);
    if (node.type !== "symlink") throw new MemoryFileError("EINVAL", path, "not a link");
    return node.target;
  }

  /** The absolute path without links. */
  realPath(path: string): string {
    const place = this.#place(path, true);
    if (!place.node) throw absent(path);
    return place.path;
  }

  changeMode(path: string, mode: number): void {
    const node = this.#existing(path, true);
    if (node.type !== "symlink") node.mode = mode & 0o7777;
  }

  changeTime(path: string, mtimeMs: number): void {
    if (!Number.isFinite(mtimeMs)) throw new MemoryFileError("EINVAL", path, "not a time");
    this.#existing(path, true).mtimeMs = mtimeMs;
  }

  open(path: string, flags: OpenFlags, mode = 0o644): number {
    if (this.#handles.size >= this.#mostHandles) {
      throw new MemoryFileError("EMFILE", path, "too many open files");
    }
    const file = this.#opened(path, flags, mode);
    const handle = ++this.#lastHandle;
    this.#handles.set(handle, { file, path, flags });
    this.#tree.hold(file);
    return handle;
  }

  read(handle: number, position: number, length: number): Buffer {
    const { file } = this.#handle(handle);
    const start = whole(position);
    return file.content.subarray(start, start + Math.min(whole(length), mostReadBytes));
  }

  /** Writes at a position, or at the end of a file that is only appended to; returns the position after it. */
  write(handle: number, position: number, data: Uint8Array): number {
    const { file, path, flags } = this.#handle(handle);
    if (!flags.write) throw new MemoryFileError("EBADF", path, "not open for writing");
    const start = flags.append ? file.size : whole(position);
    const growth = Math.max(0, start + data.length - file.size);
    this.#tree.charge(path, growth, 0);
    file.put(start, data);
    return start + data.length;
  }

  resize(handle: number, size: number): void {
    const { file, path, flags } = this.#handle(handle);
    if (!flags.write) throw new MemoryFileError("EBADF", path, "not open for writing");
    this.#resize(file, path, whole(size));
  }

  statusOfOpen(handle: number): EntryStatus {
    return statusOf(this.#handle(handle).file);
  }

  close(handle: number): void {
    const { file } = this.#handle(handle);
    this.#handles.delete(handle);
    this.#tree.release(file);
  }

  /** Everything the program has left open. */
  closeAll(): void {
    for (const handle of this.#handles.keys()) this.close(handle);
  }

  #opened(path: string, flags: OpenFlags, mode: number): MemoryFile {
    const place = this.#place(path, !flags.exclusive);
    if (!place.node) {
      if (!flags.create) throw absent(path);
      this.#writable(place);
      this.#tree.charge(path, 0, 1);
      const file = new MemoryFile(new Uint8Array(), mode & 0o7777);
      place.parent.children.set(place.name, file);
      place.parent.mtimeMs = Date.now();
      return file;
    }
    const { node } = place;
    if (flags.create && flags.exclusive) throw new MemoryFileError("EEXIST", path, "file exists");
    if (node.type === "directory") throw new MemoryFileError("EISDIR", path, "is a directory");
    if (node.type === "symlink") throw new MemoryFileError("ELOOP", path, "is a link");
    if (flags.write) this.#writable(place);
    if (flags.truncate && flags.write) this.#resize(node, path, 0);
    return node;
  }

  #resize(file: MemoryFile, path: string, size: number): void {
    this.#tree.charge(path, size - file.size, 0);
    file.resize(size);
  }

  #handle(handle: number): Handle {
    const found = this.#handles.get(handle);
    if (!found) throw new MemoryFileError("EBADF", "", "bad file descriptor");
    return found;
  }

  #existing(path: string, follow: boolean): MemoryNode {
    const { node } = this.#place(path, follow);
    if (!node) throw absent(path);
    return node;
  }

  #folder(path: string): MemoryFolder {
    const node = this.#existing(path, true);
    if (node.type !== "directory") throw new MemoryFileError("ENOTDIR", path, "not a directory");
    return node;
  }

  #writable(place: Place): void {
    if (!this.#tree.isWritable(place.path)) {
      throw new MemoryFileError("EACCES", place.path, "permission denied");
    }
    // Links lead to paths that are longer than the one that was asked for.
    checkPath(place.path);
  }

  /** Walks an absolute path as a kernel does: links of folders are followed, the last one only if asked. */
  #place(path: string, follow: boolean): Place {
    if (path.length > mostPathBytes || Buffer.byteLength(path) > mostPathBytes) {
      throw new MemoryFileError("ENAMETOOLONG", path.slice(0, 256), "the path is too long");
    }
    const trail: { readonly folder: MemoryFolder; readonly name: string }[] = [];
    let folder = this.#tree.root;
    let links = 0;
    let rest = segmentsOf(path);
    for (;;) {
      const segment = rest.shift();
      if (segment === undefined) {
        const last = trail.at(-1);
        return { parent: last?.folder ?? folder, name: last?.name ?? "", path: pathOf(trail), node: folder };
      }
      if (segment === "..") {
        folder = trail.pop()?.folder ?? this.#tree.root;
        continue;
      }
      if (Buffer.byteLength(segment) > mostNameBytes) {
        throw new MemoryFileError("ENAMETOOLONG", path, "the name is too long");
      }
      const node = folder.children.get(segment);
      const isLast = rest.length === 0;
      if (node?.type === "symlink" && (!isLast || follow)) {
        links += 1;
        if (links > mostLinks) throw new MemoryFileError("ELOOP", path, "too many links");
        if (node.target.startsWith("/")) {
          trail.length = 0;
          folder = this.#tree.root;
        }
        rest = [...segmentsOf(node.target), ...rest];
        continue;
      }
      if (isLast && node?.type !== "directory") {
        return { parent: folder, name: segment, path: pathOf([...trail, { folder, name: segment }]), node };
      }
      if (!node) throw absent(path);
      if (node.type !== "directory") throw new MemoryFileError("ENOTDIR", path, "not a directory");
      trail.push({ folder, name: segment });
      folder = node;
    }
  }
}

function segmentsOf(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "" && segment !== ".");
}

function pathOf(trail: readonly { readonly name: string }[]): string {
  return `/${trail.map(({ name }) => name).join("/")}`;
}

function absent(path: string): MemoryFileError {
  return new MemoryFileError("ENOENT", path, "no such file or directory");
}

function whole(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new MemoryFileError("EINVAL", "", "invalid argument");
}

function statusOf(node: MemoryNode): EntryStatus {
  let inode = inodes.get(node);
  if (inode === undefined) inodes.set(node, (inode = ++lastInode));
  const size =
    node.type === "file" ? node.size : node.type === "symlink" ? Buffer.byteLength(node.target) : 4_096;
  return { type: node.type, size, mode: node.mode, mtimeMs: node.mtimeMs, inode };
}
