import { SandboxError } from "../errors.ts";
import { checkKnown, checkNumber, checkOptional, checkSignal, invalid, shown } from "../option-checks.ts";
import type { Connection } from "../stream/connection.ts";
import { FrameError } from "../stream/frame.ts";
import { dateField, decodeMessage, numberField, stringField } from "../stream/message.ts";
import type { Message } from "../stream/message.ts";
import { CollectedBytes } from "./collected-bytes.ts";
import { operate } from "./operation.ts";

/** A file, folder or link in the box. */
export interface FileEntry {
  /** Relative to the listed folder; of `stat`, the path asked for. */
  readonly path: string;
  readonly type: "file" | "directory" | "symlink" | "other";
  /** Bytes. */
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly modifiedAt: Date;
  /** Where a link points. */
  readonly target?: string;
}

export interface FileOptions {
  readonly signal?: AbortSignal;
}

/** A file's content, whole or in pieces. */
export type FileContent = string | Uint8Array | AsyncIterable<Uint8Array>;

/** Largest file that `readFile` takes into memory unless told otherwise. */
const defaultReadBytes = 256 * 1_048_576;
/** Bytes that a folder's list may have: deep trees have long paths, whatever the number of entries. */
const mostListBytes = 256 * 1_048_576;
/** Characters of one path; deep trees pass the 4,096 bytes that a system call takes. */
const mostPathCharacters = 4 * 1_048_576;

/**
 * The files of a session. Paths are relative to the workspace or absolute; links are never followed.
 * Every method rejects with a SandboxError, or with the signal's reason.
 */
export class SessionFiles {
  readonly #connection: () => Connection;
  readonly #workspace: string;

  constructor(connection: () => Connection, workspace: string) {
    this.#connection = connection;
    this.#workspace = workspace;
  }

  /** The file's bytes. `FILE_TOO_LARGE` over `maxBytes` (256 MiB unless given). */
  async readFile(path: string, options: FileOptions & { readonly maxBytes?: number } = {}): Promise<Buffer> {
    checkFileOptions("readFile", options, ["maxBytes"]);
    const maxBytes = options.maxBytes ?? defaultReadBytes;
    return this.#download({ op: "read", path: this.resolve(path), maxBytes }, maxBytes, options.signal);
  }

  /** The file as UTF-8 text. */
  async readText(path: string, options: FileOptions & { readonly maxBytes?: number } = {}): Promise<string> {
    return (await this.readFile(path, options)).toString("utf8");
  }

  /** Writes a file, with its folders: it appears whole or not at all. */
  async writeFile(
    path: string,
    content: FileContent,
    options: FileOptions & { readonly mode?: number; readonly append?: boolean } = {},
  ): Promise<void> {
    checkFileOptions("writeFile", options, ["mode", "append"]);
    checkContent(content);
    const request = {
      op: "write",
      path: this.resolve(path),
      parents: true,
      ...(options.mode === undefined ? {} : { mode: options.mode }),
      ...(options.append ? { append: true } : {}),
    };
    await operate(this.#connection(), request, {
      signal: options.signal,
      upload: async (channel) => {
        if (typeof content === "string") await channel.write(0, Buffer.from(content, "utf8"));
        else if (content instanceof Uint8Array) await channel.write(0, content);
        else {
          for await (const chunk of content) {
            if (!channel.open) return;
            if (!(chunk instanceof Uint8Array))
              throw invalid("The content is a source of something else than bytes.");
            await channel.write(0, chunk);
          }
        }
        channel.end(0);
      },
    });
  }

  /** What a folder holds, sorted by path. `FILE_TOO_LARGE` over `maxEntries` (100,000 unless given). */
  async list(
    path = ".",
    options: FileOptions & { readonly recursive?: boolean; readonly maxEntries?: number } = {},
  ): Promise<FileEntry[]> {
    checkFileOptions("list", options, ["recursive", "maxEntries"]);
    const { recursive = false, maxEntries = 100_000 } = options;
    const request = { op: "list", path: this.resolve(path), recursive, maxEntries };
    const text = await this.#download(request, mostListBytes, options.signal);
    const lines = text.toString("utf8").split("\n").filter(Boolean);
    const entries = this.#judged(() =>
      lines.map((line) => fileEntry(decodeMessage(Buffer.from(line, "utf8")))),
    );
    return entries.toSorted(byPath);
  }

  async stat(path: string, options: FileOptions = {}): Promise<FileEntry> {
    checkFileOptions("stat", options, []);
    const request = { op: "stat", path: this.resolve(path) };
    const entry = await operate(this.#connection(), request, { signal: options.signal });
    return this.#judged(() => fileEntry(entry));
  }

  async exists(path: string, options: FileOptions = {}): Promise<boolean> {
    try {
      await this.stat(path, options);
      return true;
    } catch (error) {
      if (SandboxError.is(error, "FILE_NOT_FOUND") || SandboxError.is(error, "NOT_A_DIRECTORY")) return false;
      throw error;
    }
  }

  /** Removes a file or an empty folder; with `recursive`, everything below too. */
  async remove(
    path: string,
    options: FileOptions & { readonly recursive?: boolean; readonly missingOk?: boolean } = {},
  ): Promise<void> {
    checkFileOptions("remove", options, ["recursive", "missingOk"]);
    const { recursive = false, missingOk = false } = options;
    const request = { op: "remove", path: this.resolve(path), recursive, missingOk };
    await operate(this.#connection(), request, { signal: options.signal });
  }

  /** Makes a folder and those above it; nothing happens when it is there. */
  async makeDirectory(path: string, options: FileOptions = {}): Promise<void> {
    checkFileOptions("makeDirectory", options, []);
    const request = { op: "mkdir", path: this.resolve(path), parents: true };
    await operate(this.#connection(), request, { signal: options.signal });
  }

  /** Moves a file or folder; a file in the place is replaced. */
  async rename(from: string, to: string, options: FileOptions = {}): Promise<void> {
    checkFileOptions("rename", options, []);
    const request = { op: "rename", from: this.resolve(from), to: this.resolve(to) };
    await operate(this.#connection(), request, { signal: options.signal });
  }

  /** Stream 1 of an operation, whole. The limit is the host's own: the agent may be told one, but is not trusted. */
  async #download(request: object, mostBytes: number, signal: AbortSignal | undefined): Promise<Buffer> {
    const bytes = new CollectedBytes();
    const excess = new AbortController();
    await operate(this.#connection(), request, {
      signal: signal ? AbortSignal.any([signal, excess.signal]) : excess.signal,
      onData: (_stream, data) => {
        if (bytes.length + data.length <= mostBytes) bytes.push(data);
        else excess.abort(tooLarge(mostBytes));
      },
    });
    return bytes.take();
  }

  /** Reads what the box said; what it may not say ends the session. */
  #judged<Value>(read: () => Value): Value {
    try {
      return read();
    } catch (error) {
      throw this.#connection().judge(error);
    }
  }

  /** The absolute path in the box. `INVALID_OPTION` for what cannot be a path, `PATH_OUTSIDE` for one that climbs out by `..`. */
  resolve(path: string): string {
    if (typeof path !== "string" || path === "" || path.includes("\0") || !path.isWellFormed()) {
      throw new SandboxError("INVALID_OPTION", `${shown(path)} is not a path.`, {
        remedy: "Pass a path relative to the workspace, or an absolute one.",
      });
    }
    const segments: string[] = [];
    const absolute = path.startsWith("/") ? path : `${this.#workspace}/${path}`;
    for (const segment of absolute.split("/")) {
      if (segment === "" || segment === ".") continue;
      if (segment === "..") {
        throw new SandboxError("PATH_OUTSIDE", `The path ${shown(path)} climbs with "..".`, {
          remedy: "Pass the path without it.",
        });
      }
      segments.push(segment);
    }
    return `/${segments.join("/")}`;
  }
}

function tooLarge(mostBytes: number): SandboxError {
  return new SandboxError("FILE_TOO_LARGE", `That is more than ${mostBytes} bytes.`, {
    remedy: "Raise the limit that was passed, or ask for less.",
  });
}

function checkFileOptions(owner: string, options: FileOptions, more: readonly string[]): void {
  checkKnown(owner, options, ["signal", ...more]);
  checkSignal(options.signal);
  for (const name of ["append", "recursive", "missingOk"]) checkOptional(options, name, "boolean");
  const { maxBytes, maxEntries, mode } = options as Readonly<Record<string, unknown>>;
  const most = Number.MAX_SAFE_INTEGER;
  if (maxBytes !== undefined) checkNumber("maxBytes", maxBytes, { least: 0, most, whole: true });
  if (maxEntries !== undefined) checkNumber("maxEntries", maxEntries, { least: 1, most, whole: true });
  if (mode !== undefined) checkNumber("mode", mode, { least: 0, most: 0o777, whole: true });
}

function checkContent(content: unknown): void {
  const fits =
    typeof content === "string" ||
    content instanceof Uint8Array ||
    (typeof content === "object" && content !== null && Symbol.asyncIterator in content);
  if (!fits) throw invalid("The content is neither text, bytes, nor a source of bytes.");
}

/** For sorting by path, the same on every machine. */
export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

const entryTypes = ["file", "directory", "symlink", "other"] as const;

function fileEntry(message: Message): FileEntry {
  const type = entryTypes.find((known) => known === message["type"]);
  const path = stringField(message, "path", mostPathCharacters);
  if (type === undefined || path === null) throw new FrameError("A file entry has no type or path.");
  const target = stringField(message, "target");
  return {
    path,
    type,
    size: numberField(message, "size") ?? 0,
    mode: numberField(message, "mode") ?? 0,
    modifiedAt: dateField(message, "mtimeMs") ?? new Date(0),
    ...(target === null ? {} : { target }),
  };
}
