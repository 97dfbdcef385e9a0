/** What a command of the shell ends in; bytes are a string with a byte in each unit. */
export interface ToolResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly stdoutEncoding?: string;
  readonly stdoutKind?: string;
}

interface FileStatus {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly isSymbolicLink: boolean;
  readonly mode: number;
  readonly size: number;
  readonly mtime: Date;
}

/** What the shell gives a command. */
export interface ToolContext {
  readonly cwd: string;
  /** A byte in each unit. */
  readonly stdin: string;
  readonly env: ReadonlyMap<string, string>;
  readonly exportedEnv?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly exec?: (code: string, options: object) => Promise<ToolResult>;
  /** just-bash's own command of this name. */
  readonly origCommand?: (argv: string[]) => Promise<ToolResult>;
  readonly fs: {
    readFileBuffer(path: string): Promise<Uint8Array>;
    writeFile(path: string, content: string | Uint8Array): Promise<void>;
    appendFile(path: string, content: string | Uint8Array): Promise<void>;
    exists(path: string): Promise<boolean>;
    stat(path: string): Promise<FileStatus>;
    lstat(path: string): Promise<FileStatus>;
    mkdir(path: string, options?: { readonly recursive?: boolean }): Promise<void>;
    readdir(path: string): Promise<string[]>;
    rm(path: string, options?: { readonly recursive?: boolean; readonly force?: boolean }): Promise<void>;
    chmod(path: string, mode: number): Promise<void>;
    symlink(target: string, path: string): Promise<void>;
    readlink(path: string): Promise<string>;
    realpath(path: string): Promise<string>;
    utimes(path: string, atime: Date, mtime: Date): Promise<void>;
    resolvePath(base: string, path: string): string;
  };
}

/** A command: its arguments without its name. Throws a ToolError for what it says and ends with. */
export type Tool = (argv: readonly string[], context: ToolContext) => Promise<ToolResult> | ToolResult;

/** What a command says before it ends without doing more. */
export class ToolError extends Error {
  readonly exitCode: number;
  readonly stdout: string;

  constructor(message: string, exitCode = 1, stdout = "") {
    super(message);
    this.exitCode = exitCode;
    this.stdout = stdout;
  }
}

export const said = (stdout: string, stderr = "", exitCode = 0): ToolResult => ({ stdout, stderr, exitCode });

export function saidBytes(bytes: Uint8Array, stderr = "", exitCode = 0): ToolResult {
  return { stdout: byteString(bytes), stderr, exitCode, stdoutEncoding: "binary", stdoutKind: "bytes" };
}

export function byteString(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += 8_192) {
    text += String.fromCharCode(...bytes.subarray(start, start + 8_192));
  }
  return text;
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (unit) => unit.charCodeAt(0) & 0xff);
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);
export const encoded = (text: string): Uint8Array => encoder.encode(text);

/** Linux's words for why a file could not be used. */
export function reasonOf(error: unknown): string {
  const code = /\b(E[A-Z]+)\b/.exec(String((error as { code?: string }).code ?? error))?.[1];
  if (code === "EISDIR") return "Is a directory";
  if (code === "ENOTDIR") return "Not a directory";
  if (code === "EEXIST") return "File exists";
  if (code === "ENOTEMPTY") return "Directory not empty";
  if (code === "EACCES" || code === "EROFS") return "Permission denied";
  if (code === "ENOSPC") return "No space left on device";
  if (code === "ELOOP") return "Too many levels of symbolic links";
  return "No such file or directory";
}

/** The bytes of a file, or of standard input for `-`; throws a ToolError that names the file. */
export async function readBytes(name: string, { cwd, fs, stdin }: ToolContext): Promise<Uint8Array> {
  if (name === "-" || name === "/dev/stdin") return bytesOf(stdin);
  const path = fs.resolvePath(cwd, name);
  try {
    return await fs.readFileBuffer(path);
  } catch (error) {
    throw new ToolError(`${name}: ${reasonOf(error)}`);
  }
}

export async function readText(name: string, context: ToolContext): Promise<string> {
  return textOf(await readBytes(name, context));
}

/** Lines without their ends; a last one that has no end is one too. */
export function linesOf(text: string, end = "\n"): string[] {
  if (text === "") return [];
  const lines = text.split(end);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
