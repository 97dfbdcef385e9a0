import { spawn } from "node:child_process";
import { once } from "node:events";
import { Transform, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { SandboxError } from "../../../errors.ts";
import { findProgram } from "../host/find-program.ts";

/**
 * Unpacks a tar into an empty folder with this machine's `tar`: everything becomes this user's. Devices stay
 * out, rights of files not: see `tame`. Throws DISK_FULL, IMAGE_NOT_FOUND for a broken tar, UNSUPPORTED when there is no tar, or the
 * signal's reason.
 */
export async function unpackTar(
  archive: Readable,
  folder: string,
  options: { readonly signal: AbortSignal; readonly onBytes?: (bytes: number) => void },
): Promise<void> {
  const { signal, onBytes } = options;
  const tar = findProgram("tar");
  if (tar === null) {
    archive.destroy();
    throw new SandboxError("UNSUPPORTED", "There is no tar on this machine to unpack an image with.", {
      remedy: "Install it: `apt-get install tar`.",
    });
  }
  const flags = ["--extract", "--preserve-permissions", "--no-same-owner", "--anchored"];
  const without = ["--exclude=dev/*", "--exclude=./dev/*"];
  const child = spawn(tar, [...flags, ...without, "--directory", folder, "--file", "-"], {
    stdio: ["pipe", "ignore", "pipe"],
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4_000)));
  const ended = once(child, "close") as Promise<[number | null]>;
  ended.catch(() => {});
  let total = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      total += chunk.length;
      onBytes?.(total);
      done(null, chunk);
    },
  });
  const piped = await pipeline(archive, counter, child.stdin, { signal }).catch((error: Error) => error);
  if (piped) child.kill("SIGKILL");
  const [code] = await ended;
  signal.throwIfAborted();
  // The last words of a write that only half fitted.
  if (/no space left|disk quota|wrote only \d+ of \d+ bytes/i.test(said)) {
    throw Object.assign(new Error("no space left for an image"), { code: "ENOSPC" });
  }
  if (!piped && code === 0) return;
  const why = said.trim() || piped?.message || `tar ended with ${code}`;
  throw new SandboxError("IMAGE_NOT_FOUND", `An image could not be unpacked: ${why}.`, {
    ...(piped ? { cause: piped } : {}),
    remedy: "Try again; if it stays so, fetch or build the image again.",
  });
}
