import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { SandboxError } from "../errors.ts";
import type { Connection } from "../stream/connection.ts";
import { hostFileError } from "./copy-to-box.ts";
import { receive } from "./receive.ts";
import type { SessionFiles } from "./session-files.ts";
import { unpackHostile } from "./unpack-hostile.ts";

export interface CopyLimits {
  /** Most bytes that may reach the host's disk. */
  readonly maxBytes: number;
  /** Most files and folders. */
  readonly maxEntries: number;
}

/**
 * Copies a file or folder of the box to the host, streamed. It appears at `destination` whole or not at all;
 * an existing file is replaced, an existing folder is filled. Nothing in it can reach outside of `destination`.
 */
export async function copyFromBox(
  connection: Connection,
  files: SessionFiles,
  source: string,
  destination: string,
  options: CopyLimits & { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const path = files.resolve(source);
  const entry = await files.stat(path, options.signal ? { signal: options.signal } : {});
  const target = resolve(destination);
  if (entry.type === "directory") return copyFolder(connection, path, target, options);
  const isFolder = destination.endsWith("/") || (await isHostFolder(target));
  const file = isFolder ? join(target, basename(path)) : target;
  await copyFile(connection, path, file, options);
}

async function copyFile(
  connection: Connection,
  path: string,
  target: string,
  options: CopyLimits & { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  await mkdir(dirname(target), { recursive: true }).catch((cause: unknown) => {
    throw hostFileError(target, cause);
  });
  const partial = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}`);
  try {
    const content = receive(connection, { op: "read", path, maxBytes: options.maxBytes }, options.signal);
    await Promise.all([
      pipeline(content.stream, createWriteStream(partial, { flags: "wx", mode: 0o644 })),
      content.done,
    ]);
    await rename(partial, target);
  } finally {
    await rm(partial, { force: true });
  }
}

async function copyFolder(
  connection: Connection,
  path: string,
  target: string,
  options: CopyLimits & { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  await mkdir(target, { recursive: true }).catch((cause: unknown) => {
    throw hostFileError(target, cause);
  });
  const { maxBytes, maxEntries } = options;
  const content = receive(connection, { op: "pack", path, maxBytes, maxEntries }, options.signal);
  await Promise.all([unpackHostile(content.stream, target, options), content.done]);
}

async function isHostFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
}

/** The error for a copy that would pass its limits. */
export function copyTooLarge(limits: CopyLimits): SandboxError {
  return new SandboxError(
    "FILE_TOO_LARGE",
    `The copy is over ${limits.maxBytes} bytes or ${limits.maxEntries} entries.`,
    { remedy: "Pass larger maxBytes or maxEntries, or copy less." },
  );
}
