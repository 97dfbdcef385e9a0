import { mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Connection } from "../stream/connection.ts";
import { besideOf } from "./beside-of.ts";
import { copyTooLarge } from "./copy-limits.ts";
import type { CopyLimits, CopyReport } from "./copy-limits.ts";
import { FileSink } from "./file-sink.ts";
import { explainedHostError, hostFileError } from "../host-file-error.ts";
import { operate } from "./operation.ts";
import { receive } from "./receive.ts";
import type { SessionFiles } from "./session-files.ts";
import { unpackHostile } from "./unpack-hostile.ts";

/**
 * Copies a file or folder of the box to the host, streamed. A file appears at `destination` whole or not at all, and
 * replaces the one there; so does a folder that is not there yet, and one that is there is filled. Nothing in it can
 * reach outside of `destination`.
 */
export async function copyFromBox(
  connection: Connection,
  files: SessionFiles,
  source: string,
  destination: string,
  options: CopyLimits & { readonly signal?: AbortSignal | undefined },
): Promise<CopyReport> {
  const path = files.resolve(source);
  const entry = await files.stat(path, options.signal ? { signal: options.signal } : {});
  const target = resolve(destination);
  if (entry.type === "directory") return copyFolder(connection, path, target, options);
  const isFolder = destination.endsWith("/") || (await isHostFolder(target));
  const file = isFolder ? join(target, basename(path)) : target;
  await copyFile(connection, path, file, options);
  return { skipped: [] };
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
  const partial = besideOf(target);
  const { signal, maxBytes } = options;
  const given = new AbortController();
  const sink = await FileSink.create(partial, (error) =>
    given.abort(explainedHostError(target, error)),
  ).catch((cause: unknown) => {
    throw hostFileError(target, cause);
  });
  let bytes = 0;
  try {
    const request = { op: "read", path, maxBytes };
    await operate(connection, request, {
      signal: signal ? AbortSignal.any([signal, given.signal]) : given.signal,
      onData: (_stream, data) => {
        bytes += data.length;
        // Whatever the agent was asked.
        return bytes > maxBytes ? given.abort(copyTooLarge(options)) : sink.take(data);
      },
    });
    await sink.end();
    given.signal.throwIfAborted();
    await rename(partial, target).catch((cause: unknown) => {
      throw hostFileError(target, cause);
    });
  } finally {
    await sink.close();
    await rm(partial, { force: true });
  }
}

async function copyFolder(
  connection: Connection,
  path: string,
  target: string,
  options: CopyLimits & { readonly signal?: AbortSignal | undefined },
): Promise<CopyReport> {
  const there = await stat(target).catch(() => undefined);
  if (there && !there.isDirectory()) throw hostFileError(target, { code: "EEXIST" });
  const isThere = there !== undefined;
  const folder = isThere ? target : besideOf(target);
  await mkdir(isThere ? target : dirname(target), { recursive: true })
    .then(() => (isThere ? undefined : mkdir(folder)))
    .catch((cause: unknown) => {
      throw hostFileError(target, cause);
    });
  const { maxBytes, maxEntries } = options;
  const request = { op: "pack", path, maxBytes, maxEntries };
  try {
    const content = receive(connection, request, { signal: options.signal });
    const skipped = await bothDone(unpackHostile(content.stream, folder, options, target), content.done);
    if (!isThere) {
      await rename(folder, target).catch((cause: unknown) => {
        throw hostFileError(target, cause);
      });
    }
    return { skipped };
  } finally {
    if (!isThere) await rm(folder, { recursive: true, force: true });
  }
}

/** Waits for the writing and the reading side; the writing side's failure counts, for it is why the reading was given up. */
async function bothDone<Value>(writing: Promise<Value>, reading: Promise<unknown>): Promise<Value> {
  const [written, read] = await Promise.allSettled([writing, reading]);
  if (written.status === "rejected") throw written.reason;
  if (read.status === "rejected") throw read.reason;
  return written.value;
}

async function isHostFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
}
