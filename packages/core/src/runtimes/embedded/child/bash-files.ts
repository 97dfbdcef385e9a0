import { withAdvice } from "./bash-absent.ts";
import { CallError, call, sendData } from "./wire.ts";

/** The command that a program which was compiled here is run by, for just-bash would read it as a script. */
export const compiledProgram = "__compiled_program";

function isWebAssembly(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d;
}

interface Status {
  readonly type: "file" | "directory" | "symlink";
  readonly size: number;
  readonly mode: number;
  readonly mtimeMs: number;
  readonly inode: number;
}

type Encoding = string | { readonly encoding?: string | null } | null | undefined;

const pieceBytes = 1_048_576;
const latin1 = new TextDecoder("latin1");
const utf8 = new TextDecoder();
const encoder = new TextEncoder();

function encodingOf(options: Encoding): string {
  return (typeof options === "string" ? options : options?.encoding) ?? "utf8";
}

/** Bytes of what the shell writes: text, or a string with a byte in each unit. */
function bytesOf(content: string | Uint8Array, options: Encoding): Uint8Array {
  if (typeof content !== "string") return content;
  const encoding = encodingOf(options);
  if (encoding !== "binary" && encoding !== "latin1") return encoder.encode(content);
  return Uint8Array.from(content, (unit) => unit.charCodeAt(0) & 0xff);
}

/** A string with a byte in each unit. */
export function byteString(bytes: Uint8Array): string {
  // TextDecoder's latin1 is windows-1252, which differs between 0x80 and 0x9f.
  let text = "";
  for (let start = 0; start < bytes.length; start += 8_192) {
    text += String.fromCharCode(...bytes.subarray(start, start + 8_192));
  }
  return text;
}

const words: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EEXIST: "file already exists",
  EISDIR: "illegal operation on a directory",
  ENOTDIR: "not a directory",
  ENOTEMPTY: "directory not empty",
  EACCES: "permission denied",
  ENOSPC: "no space left on device",
  ELOOP: "too many symbolic links encountered",
};

/** The session's files as the shell's file system, below one folder. */
export class ShellFiles {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  #ask(
    what: string,
    request: { readonly path: string } & Record<string, unknown>,
    data?: Uint8Array,
  ): ReturnType<typeof call> {
    try {
      return call(request, data);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      const message = `${error.code}: ${words[error.code] ?? error.message}, ${what} '${request.path}'`;
      throw Object.assign(new Error(message), { code: error.code });
    }
  }

  #at(path: string): string {
    return `${this.#root}${path === "/" ? "" : path}`;
  }

  async readFileBuffer(path: string): Promise<Uint8Array> {
    const at = this.#at(path);
    const handle = this.#ask("open", { op: "open", path: at, flags: {} }).value["handle"];
    const pieces: Uint8Array[] = [];
    let position = 0;
    for (;;) {
      const { data } = this.#ask("read", { op: "read", path: at, handle, position, length: pieceBytes });
      pieces.push(data);
      position += data.length;
      if (data.length < pieceBytes) break;
    }
    call({ op: "close", handle });
    const all = new Uint8Array(position);
    let start = 0;
    for (const piece of pieces) {
      all.set(piece, start);
      start += piece.length;
    }
    return all;
  }

  async readFile(path: string, options?: Encoding): Promise<string> {
    // Before it waits: who asks is known by the stack.
    const isRun = options === undefined && /\bexecuteUserScript\b/.test(new Error().stack ?? "");
    const bytes = await this.readFileBuffer(path);
    if (isRun && isWebAssembly(bytes)) return `${compiledProgram} "$0" "$@"`;
    const encoding = encodingOf(options);
    if (encoding === "binary" || encoding === "latin1") return byteString(bytes);
    return encoding === "ascii" ? latin1.decode(bytes) : utf8.decode(bytes);
  }

  async readFileBytes(path: string): Promise<string> {
    return byteString(await this.readFileBuffer(path));
  }

  async writeFile(path: string, content: string | Uint8Array, options?: Encoding): Promise<void> {
    this.#write(path, bytesOf(content, options), { write: true, create: true, truncate: true });
  }

  async appendFile(path: string, content: string | Uint8Array, options?: Encoding): Promise<void> {
    this.#write(path, bytesOf(content, options), { write: true, create: true, append: true });
  }

  #write(path: string, bytes: Uint8Array, flags: object): void {
    const at = this.#at(path);
    const handle = this.#ask("open", { op: "open", path: at, flags }).value["handle"];
    try {
      for (let position = 0; position < bytes.length; position += pieceBytes) {
        const piece = bytes.subarray(position, position + pieceBytes);
        this.#ask("write", { op: "write", path: at, handle, position }, piece);
      }
    } finally {
      call({ op: "close", handle });
    }
  }

  async exists(path: string): Promise<boolean> {
    try {
      await this.stat(path);
      return true;
    } catch {
      return false;
    }
  }

  async stat(path: string): Promise<object> {
    return statusOf(this.#ask("stat", { op: "stat", path: this.#at(path) }).value as unknown as Status);
  }

  async lstat(path: string): Promise<object> {
    const request = { op: "stat", path: this.#at(path), follow: false };
    return statusOf(this.#ask("lstat", request).value as unknown as Status);
  }

  async mkdir(path: string, options?: { readonly recursive?: boolean }): Promise<void> {
    if (!options?.recursive) return void this.#ask("mkdir", { op: "mkdir", path: this.#at(path) });
    const parts = path.split("/").filter(Boolean);
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const place = `/${parts.slice(0, depth).join("/")}`;
      if (!(await this.exists(place))) this.#ask("mkdir", { op: "mkdir", path: this.#at(place) });
    }
  }

  async readdir(path: string): Promise<string[]> {
    return this.#list(path).map(({ name }) => name);
  }

  async readdirWithFileTypes(path: string): Promise<object[]> {
    return this.#list(path).map(({ name, type }) => ({
      name,
      isFile: type === "file",
      isDirectory: type === "directory",
      isSymbolicLink: type === "symlink",
    }));
  }

  #list(path: string): { name: string; type: Status["type"] }[] {
    const { value } = this.#ask("scandir", { op: "list", path: this.#at(path) });
    return (value["entries"] as { name: string; type: Status["type"] }[]).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    );
  }

  async rm(
    path: string,
    options?: { readonly recursive?: boolean; readonly force?: boolean },
  ): Promise<void> {
    const at = this.#at(path);
    let status: Status;
    try {
      status = this.#ask("rm", { op: "stat", path: at, follow: false }).value as unknown as Status;
    } catch (error) {
      if (options?.force) return;
      throw error;
    }
    if (status.type !== "directory") return void this.#ask("rm", { op: "unlink", path: at });
    if (options?.recursive)
      for (const { name } of this.#list(path)) await this.rm(`${path}/${name}`, options);
    this.#ask("rm", { op: "rmdir", path: at });
  }

  async cp(from: string, to: string, options?: { readonly recursive?: boolean }): Promise<void> {
    const { isDirectory } = (await this.stat(from)) as { isDirectory: boolean };
    if (!isDirectory) return this.writeFile(to, await this.readFileBuffer(from));
    if (!options?.recursive)
      throw Object.assign(new Error(`EISDIR: is a directory, cp '${from}'`), { code: "EISDIR" });
    await this.mkdir(to, { recursive: true });
    for (const name of await this.readdir(from)) await this.cp(`${from}/${name}`, `${to}/${name}`, options);
  }

  async mv(from: string, to: string): Promise<void> {
    const path = this.#at(from);
    this.#ask("rename", { op: "rename", path, from: path, to: this.#at(to) });
  }

  resolvePath(base: string, path: string): string {
    const parts: string[] = [];
    for (const part of (path.startsWith("/") ? path : `${base}/${path}`).split("/")) {
      if (part === "..") parts.pop();
      else if (part !== "" && part !== ".") parts.push(part);
    }
    return `/${parts.join("/")}`;
  }

  getAllPaths(): string[] {
    return [];
  }

  async chmod(path: string, mode: number): Promise<void> {
    this.#ask("chmod", { op: "chmod", path: this.#at(path), mode });
  }

  async symlink(target: string, path: string): Promise<void> {
    this.#ask("symlink", { op: "symlink", target, path: this.#at(path) });
  }

  async link(from: string, to: string): Promise<void> {
    await this.writeFile(to, await this.readFileBuffer(from));
  }

  async readlink(path: string): Promise<string> {
    return String(this.#ask("readlink", { op: "readlink", path: this.#at(path) }).value["target"]);
  }

  async realpath(path: string): Promise<string> {
    const real = String(this.#ask("realpath", { op: "realpath", path: this.#at(path) }).value["path"]);
    return real.startsWith(this.#root) ? real.slice(this.#root.length) || "/" : real;
  }

  async utimes(path: string, _atime: Date, mtime: Date): Promise<void> {
    this.#ask("utime", { op: "utime", path: this.#at(path), mtimeMs: mtime.getTime() });
  }
}

function statusOf({ type, size, mode, mtimeMs, inode }: Status): object {
  return {
    isFile: type === "file",
    isDirectory: type === "directory",
    isSymbolicLink: type === "symlink",
    mode,
    size,
    mtime: new Date(mtimeMs),
    dev: 1,
    ino: inode,
    identity: `session:${inode}`,
  };
}

/** Two files that are the process's standard output and error: output is sent when a command has written it. */
export class ShellOutputs extends ShellFiles {
  constructor() {
    super("/outputs");
  }

  override async writeFile(path: string, content: string | Uint8Array, options?: Encoding): Promise<void> {
    if (path !== "/stderr") sendData(1, bytesOf(content, options));
    else sendData(2, bytesOf(typeof content === "string" ? withAdvice(content) : content, options));
  }
  override async appendFile(path: string, content: string | Uint8Array, options?: Encoding): Promise<void> {
    await this.writeFile(path, content, options);
  }
  override async exists(): Promise<boolean> {
    return true;
  }
  override async stat(path: string): Promise<object> {
    const type = path === "/" ? "directory" : "file";
    return statusOf({ type, size: 0, mode: 0o666, mtimeMs: 0, inode: 1 });
  }
  override async lstat(path: string): Promise<object> {
    return this.stat(path);
  }
  override async readdir(): Promise<string[]> {
    return ["stderr", "stdout"];
  }
  override async realpath(path: string): Promise<string> {
    return path;
  }
}
