/** What the other side tells of an entry. */
export interface Status {
  readonly type: "file" | "directory" | "symlink";
  readonly size: number;
  readonly mode: number;
  readonly mtimeMs: number;
  readonly inode: number;
}

const kinds = { file: 0o100000, directory: 0o040000, symlink: 0o120000 } as const;
/** `fs.constants`, as far as programs use them. */
export const constants = {
  F_OK: 0,
  R_OK: 4,
  W_OK: 2,
  X_OK: 1,
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  COPYFILE_EXCL: 1,
  S_IFMT: 0o170000,
  S_IFREG: 0o100000,
  S_IFDIR: 0o040000,
  S_IFLNK: 0o120000,
} as const;

/** `fs.Stats`. */
export class Stats {
  readonly dev = 1;
  readonly ino: number;
  readonly mode: number;
  readonly nlink = 1;
  readonly uid = 1_000;
  readonly gid = 1_000;
  readonly rdev = 0;
  readonly size: number;
  readonly blksize = 4_096;
  readonly blocks: number;
  readonly atimeMs: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly birthtimeMs: number;
  readonly atime: Date;
  readonly mtime: Date;
  readonly ctime: Date;
  readonly birthtime: Date;

  constructor(status: Status) {
    this.ino = status.inode;
    this.mode = kinds[status.type] | status.mode;
    this.size = status.size;
    this.blocks = Math.ceil(status.size / 512);
    this.atimeMs = this.mtimeMs = this.ctimeMs = this.birthtimeMs = status.mtimeMs;
    this.atime = this.mtime = this.ctime = this.birthtime = new Date(status.mtimeMs);
  }

  isFile(): boolean {
    return (this.mode & constants.S_IFMT) === constants.S_IFREG;
  }
  isDirectory(): boolean {
    return (this.mode & constants.S_IFMT) === constants.S_IFDIR;
  }
  isSymbolicLink(): boolean {
    return (this.mode & constants.S_IFMT) === constants.S_IFLNK;
  }
  isFIFO(): boolean {
    return false;
  }
  isSocket(): boolean {
    return false;
  }
  isBlockDevice(): boolean {
    return false;
  }
  isCharacterDevice(): boolean {
    return false;
  }
}

/** `fs.Dirent`. */
export class Dirent {
  readonly name: string;
  readonly parentPath: string;
  readonly #type: Status["type"];

  constructor(name: string, parentPath: string, type: Status["type"]) {
    this.name = name;
    this.parentPath = parentPath;
    this.#type = type;
  }

  get path(): string {
    return this.parentPath;
  }
  isFile(): boolean {
    return this.#type === "file";
  }
  isDirectory(): boolean {
    return this.#type === "directory";
  }
  isSymbolicLink(): boolean {
    return this.#type === "symlink";
  }
  isFIFO(): boolean {
    return false;
  }
  isSocket(): boolean {
    return false;
  }
  isBlockDevice(): boolean {
    return false;
  }
  isCharacterDevice(): boolean {
    return false;
  }
}
