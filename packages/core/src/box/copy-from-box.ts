import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import type { SandboxError } from "../errors.ts";
import type { Connection } from "../stream/connection.ts";
import { copyTooLarge } from "./copy-limits.ts";
import type { CopyLimits } from "./copy-limits.ts";
import { explainedHostError, hostFileError } from "./host-file-error.ts";
import { receive } from "./receive.ts";
import type { SessionFiles } from "./session-files.ts";
import { unpackHostile } from "./unpack-hostile.ts";

/** What the host's disk may lag behind: pieces that wait are written together. */
const writeAheadBytes = 2 * 1_048_576;

/**
 * Copies a file or folder of the box to the host, streamed. A file appears at `destination` whole or not at all, and
 * replaces the one there; a folder is filled. Nothing in it can reach outside of `destination`.
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
    const { signal, maxBytes } = options;
    const tooMuch = (): SandboxError => copyTooLarge(options);
    const request = { op: "read", path, maxBytes };
    const content = receive(connection, request, { signal, maxBytes, tooMuch });
    const file = createWriteStream(partial, { flags: "wx", mode: 0o644, highWaterMark: writeAheadBytes });
    await bothDone(
      pipeline(content.stream, file).catch((error: unknown) => {
        throw explainedHostError(target, error);
      }),
      content.done,
    );
    await rename(partial, target).catch((cause: unknown) => {
      throw hostFileError(target, cause);
    });
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
  const request = { op: "pack", path, maxBytes, maxEntries };
  const content = receive(connection, request, { signal: options.signal });
  await bothDone(unpackHostile(content.stream, target, options), content.done);
}

/** Waits for the writing and the reading side; the writing side's failure counts, for it is why the reading was given up. */
async function bothDone(writing: Promise<void>, reading: Promise<unknown>): Promise<void> {
  const outcomes = await Promise.allSettled([writing, reading]);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

async function isHostFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
}
