/** Why a file operation failed: an errno name, as the agent answers. */
export class MemoryFileError extends Error {
  override readonly name = "MemoryFileError";
  readonly code: string;
  readonly path: string;

  constructor(code: string, path: string, message: string) {
    super(message);
    this.code = code;
    this.path = path;
  }
}

/** What a folder holds. */
export type MemoryNode = MemoryFile | MemoryFolder | MemoryLink;

/** Bytes that grow in place, with room ahead, so that many small writes cost no copy each; of what goes, half at most is kept. */
export class MemoryFile {
  readonly type = "file";
  mode: number;
  mtimeMs: number = Date.now();
  /** Open handles: a file that was removed keeps its bytes until the last is closed. */
  opens = 0;
  removed = false;
  #bytes: Buffer;
  #size: number;

  constructor(content: Uint8Array, mode: number) {
    this.#bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    this.#size = content.length;
    this.mode = mode;
  }

  get size(): number {
    return this.#size;
  }

  get content(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  /** Puts bytes at a position; a gap before it is filled with zeros. */
  put(position: number, data: Uint8Array): void {
    this.resize(Math.max(this.#size, position + data.length));
    this.#bytes.set(data, position);
  }

  resize(size: number): void {
    if (size > this.#bytes.length) {
      const roomy = Buffer.alloc(Math.max(size, Math.min(this.#bytes.length * 2, size + 16_777_216)));
      roomy.set(this.content);
      this.#bytes = roomy;
    } else if (size < this.#bytes.length / 2) {
      // Bytes that are not counted any more are not held either.
      const exact = Buffer.alloc(size);
      this.#bytes.copy(exact, 0, 0, Math.min(size, this.#size));
      this.#bytes = exact;
    } else if (size < this.#size) this.#bytes.fill(0, size, this.#size);
    this.#size = size;
    this.mtimeMs = Date.now();
  }
}

export interface MemoryFolder {
  readonly type: "directory";
  readonly children: Map<string, MemoryNode>;
  mode: number;
  mtimeMs: number;
}

export interface MemoryLink {
  readonly type: "symlink";
  readonly target: string;
  readonly mode: number;
  mtimeMs: number;
}

export interface MemoryFilesOptions {
  /** Absolute path that relative ones start at; it can be written. */
  readonly workspace: string;
  /** Bytes of all files together. */
  readonly maxBytes: number;
  /** Files, folders and links together. */
  readonly maxEntries: number;
}

const mostNameBytes = 255;
/** Folders in one another: whatever walks the tree does so by recursion. */
const mostLevels = 1_000;
/** As Linux has it: 4,096 with the end. What lists a tree names each entry by its whole path. */
export const mostPathBytes = 4_095;

/** Throws `ENAMETOOLONG` where an entry would have a path that is too long, or lie in too many folders. */
export function checkPath(absolute: string): void {
  const levels = absolute.split("/", mostLevels + 2).length - 1;
  if (Buffer.byteLength(absolute) <= mostPathBytes && levels <= mostLevels) return;
  throw new MemoryFileError("ENAMETOOLONG", absolute.slice(0, 256), "the path is too long");
}

/** A tree of files in memory, bounded in bytes and entries. Links are kept and never followed. */
export class MemoryFiles {
  readonly root: MemoryFolder = folder();
  readonly #workspace: string;
  readonly #writable: readonly string[];
  readonly maxBytes: number;
  readonly #maxEntries: number;
  #bytes = 0;
  #entries = 0;

  constructor(options: MemoryFilesOptions) {
    this.#workspace = options.workspace;
    this.maxBytes = options.maxBytes;
    this.#maxEntries = options.maxEntries;
    this.#writable = [options.workspace, "/tmp"];
    for (const path of this.#writable) this.#makeFolders(segmentsOf(path), path);
    this.#entries = 0;
  }

  /** The bytes of a file. */
  read(path: string): Buffer {
    const node = this.node(path);
    if (node.type === "directory") throw new MemoryFileError("EISDIR", path, "that is a folder");
    if (node.type === "symlink") throw new MemoryFileError("ELOOP", path, "that is a link");
    return node.content;
  }

  /** Writes a whole file, with the folders above it. */
  write(path: string, content: string | Uint8Array, mode = 0o644): void {
    const { parent, name } = this.#place(path, true);
    const old = parent.children.get(name);
    if (old?.type === "directory") throw new MemoryFileError("EISDIR", path, "that is a folder");
    const bytes = Buffer.from(content as Uint8Array);
    this.charge(path, bytes.length - sizeOf(old), old ? 0 : 1);
    if (old?.type === "file" && old.opens > 0) this.#keepOpen(old);
    parent.children.set(name, new MemoryFile(bytes, mode));
  }

  /** Makes a folder; true if it was not there. */
  makeFolder(path: string, parents = true): boolean {
    if (this.#writable.some((root) => `${root}/`.startsWith(`${this.resolve(path)}/`))) return false;
    const { parent, name } = this.#place(path, parents);
    const old = parent.children.get(name);
    if (old?.type === "directory" && parents) return false;
    if (old) throw new MemoryFileError("EEXIST", path, "that is there already");
    this.charge(path, 0, 1);
    parent.children.set(name, folder());
    return true;
  }

  /** Makes a symbolic link, which this tree never follows. */
  link(path: string, target: string): void {
    const { parent, name } = this.#place(path, true);
    const old = parent.children.get(name);
    if (old?.type === "directory") throw new MemoryFileError("EISDIR", path, "that is a folder");
    const bytes = Buffer.byteLength(target);
    if (bytes > mostPathBytes)
      throw new MemoryFileError("ENAMETOOLONG", path, "the link's target is too long");
    this.charge(path, bytes - sizeOf(old), old ? 0 : 1);
    parent.children.set(name, { type: "symlink", target, mode: 0o777, mtimeMs: Date.now() });
  }

  /** Removes a file, link or folder; returns how many entries that were. */
  remove(path: string, recursive = false): number {
    const { parent, name } = this.#place(path, false);
    const node = parent.children.get(name);
    if (!node) throw new MemoryFileError("ENOENT", path, "no such file or folder");
    if (node.type === "directory" && node.children.size > 0 && !recursive) {
      throw new MemoryFileError("ENOTEMPTY", path, "the folder is not empty");
    }
    const all = [node, ...[...below(node)].map((entry) => entry.node)];
    for (const gone of all) this.#drop(gone);
    parent.children.delete(name);
    return all.length;
  }

  /** Moves an entry; a file in the place is replaced. */
  rename(from: string, to: string): void {
    const source = this.#place(from, false);
    const node = source.parent.children.get(source.name);
    if (!node) throw new MemoryFileError("ENOENT", from, "no such file or folder");
    if (`${this.resolve(to)}/`.startsWith(`${this.resolve(from)}/`)) {
      if (this.resolve(to) === this.resolve(from)) return;
      throw new MemoryFileError("EINVAL", to, "a folder cannot be moved into itself");
    }
    const target = this.#place(to, false);
    for (const { path } of below(node)) checkPath(`${this.resolve(to)}/${path}`);
    const old = target.parent.children.get(target.name);
    if (old?.type === "directory" && (node.type !== "directory" || old.children.size > 0)) {
      throw new MemoryFileError(node.type === "directory" ? "ENOTEMPTY" : "EISDIR", to, "a folder is there");
    }
    if (old && old.type !== "directory" && node.type === "directory") {
      throw new MemoryFileError("ENOTDIR", to, "a file is there");
    }
    if (old) this.#drop(old);
    source.parent.children.delete(source.name);
    target.parent.children.set(target.name, node);
  }

  /** Everything in a folder, with paths relative to it, sorted; only its own entries unless `recursive`. */
  list(path = ".", recursive = false): { readonly path: string; readonly node: MemoryNode }[] {
    const node = this.node(path);
    if (node.type !== "directory") throw new MemoryFileError("ENOTDIR", path, "that is no folder");
    const all = [...below(node)];
    return recursive ? all : all.filter((entry) => !entry.path.includes("/"));
  }

  /** The entry itself, never what a link points to. */
  node(path: string): MemoryNode {
    let node: MemoryNode = this.root;
    for (const segment of segmentsOf(this.resolve(path))) node = childOf(node, segment, path);
    return node;
  }

  /** The absolute form of a path; ".." is refused. */
  resolve(path: string): string {
    const segments = segmentsOf(path.startsWith("/") ? path : `${this.#workspace}/${path}`);
    if (segments.includes("..")) throw new MemoryFileError("EESCAPE", path, "the path climbs");
    return `/${segments.join("/")}`;
  }

  #place(path: string, parents: boolean): { readonly parent: MemoryFolder; readonly name: string } {
    const absolute = this.resolve(path);
    if (!this.isWritable(absolute)) throw new MemoryFileError("EACCES", path, "permission denied");
    const segments = segmentsOf(absolute);
    checkPath(absolute);
    if (segments.some((segment) => Buffer.byteLength(segment) > mostNameBytes)) {
      throw new MemoryFileError("ENAMETOOLONG", path.slice(0, 256), "the name is too long");
    }
    const name = segments.pop()!;
    if (parents) return { parent: this.#makeFolders(segments, path), name };
    return { parent: folderAt(this.node(`/${segments.join("/")}`), path), name };
  }

  #makeFolders(segments: readonly string[], path: string): MemoryFolder {
    let node: MemoryNode = this.root;
    for (const segment of segments) {
      if (node.type === "directory" && !node.children.has(segment)) {
        this.charge(path, 0, 1);
        node.children.set(segment, folder());
      }
      node = childOf(node, segment, path);
    }
    return folderAt(node, path);
  }

  /** Whether an absolute path without ".." lies in a folder that can be written. */
  isWritable(absolute: string): boolean {
    return this.#writable.some((root) => absolute.startsWith(`${root}/`));
  }

  /** Bytes that still fit. */
  get freeBytes(): number {
    return this.maxBytes - this.#bytes;
  }

  /** Opens a file for as long as a program holds it. */
  hold(file: MemoryFile): void {
    file.opens += 1;
  }

  /** Closes it; the bytes of one that was removed meanwhile are free then. */
  release(file: MemoryFile): void {
    file.opens -= 1;
    if (file.removed && file.opens === 0) this.#bytes -= file.size;
  }

  #drop(node: MemoryNode): void {
    if (node.type === "file" && node.opens > 0) this.#keepOpen(node);
    this.charge("", -sizeOf(node), -1);
  }

  /** Its bytes stay counted until it is closed. */
  #keepOpen(file: MemoryFile): void {
    file.removed = true;
    this.#bytes += file.size;
  }

  /** Counts bytes and entries that come or go; `ENOSPC` when they do not fit. */
  charge(path: string, bytes: number, entries: number): void {
    if (bytes > 0 && this.#bytes + bytes > this.maxBytes) throw full(path);
    if (entries > 0 && this.#entries + entries > this.#maxEntries) throw full(path);
    this.#bytes += bytes;
    this.#entries += entries;
  }
}

function folder(): MemoryFolder {
  return { type: "directory", children: new Map(), mode: 0o755, mtimeMs: Date.now() };
}

function folderAt(node: MemoryNode, path: string): MemoryFolder {
  if (node.type === "directory") return node;
  if (node.type === "symlink") throw new MemoryFileError("EESCAPE", path, "the path goes through a link");
  throw new MemoryFileError("ENOTDIR", path, "a part of the path is a file");
}

function childOf(node: MemoryNode, segment: string, path: string): MemoryNode {
  const child = folderAt(node, path).children.get(segment);
  if (!child) throw new MemoryFileError("ENOENT", path, "no such file or folder");
  return child;
}

function* below(node: MemoryNode, prefix = ""): Generator<{ path: string; node: MemoryNode }> {
  if (node.type !== "directory") return;
  for (const name of [...node.children.keys()].toSorted()) {
    const child = node.children.get(name)!;
    yield { path: prefix + name, node: child };
    yield* below(child, `${prefix}${name}/`);
  }
}

function segmentsOf(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "" && segment !== ".");
}

function sizeOf(node: MemoryNode | undefined): number {
  if (node?.type === "symlink") return Buffer.byteLength(node.target);
  return node?.type === "file" ? node.size : 0;
}

function full(path: string): MemoryFileError {
  return new MemoryFileError("ENOSPC", path, "no space left on the device");
}
