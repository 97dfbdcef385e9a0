import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { lstat, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { SandboxError } from "../../../errors.ts";
import { isOwnFolder } from "./cgroup-machine.ts";

/** Where what must outlive a program is kept: roots, templates, the agent. Not root's home, which boxes cannot enter. */
export function defaultCacheFolder(): string {
  const chosen = process.env["XDG_CACHE_HOME"];
  if (chosen && isAbsolute(chosen)) return join(chosen, "llm-sandbox");
  return process.getuid?.() === 0 ? "/var/cache/llm-sandbox" : join(homedir(), ".cache", "llm-sandbox");
}

/**
 * Where running boxes have their folders; empty after a restart of the machine. The same for all programs of a user,
 * whatever their environments say: the folders tell which ids are taken.
 */
export function runFolder(): string {
  const user = process.getuid?.() ?? 0;
  if (user === 0) return "/run/llm-sandbox";
  const own = `/run/user/${user}`;
  // Directly in /tmp: whoever had made a folder in between could replace what is in it.
  return isOwnFolder(own) ? `${own}/llm-sandbox` : `/tmp/llm-sandbox-run-${user}`;
}

/** Makes the folder of running boxes. Throws PERMISSION_DENIED when it is somebody else's, or a link that may be. */
export async function ownRunFolder(): Promise<string> {
  const path = await ownFolder(runFolder(), 0o711);
  if (!(await lstat(path)).isSymbolicLink()) return path;
  throw new SandboxError("PERMISSION_DENIED", `${path} is a link, which others may change.`, {
    remedy: `Run \`rm ${path}\` as root.`,
  });
}

/** Makes a folder that only this user may change. Throws PERMISSION_DENIED or DISK_FULL with what to do. */
export async function ownFolder(path: string, mode: number): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode });
    const facts = await stat(path);
    const foreign = process.getuid !== undefined && facts.uid !== process.getuid();
    if (foreign || (facts.mode & 0o022) !== 0) {
      throw new SandboxError("PERMISSION_DENIED", `Others may change ${path}.`, {
        remedy: "Remove it, or pass another oci({ cacheFolder }).",
      });
    }
    return path;
  } catch (error) {
    throw folderError(path, error);
  }
}

/** What a failure to write into a folder of ours means. */
export function folderError(path: string, error: unknown): unknown {
  if (SandboxError.is(error)) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new SandboxError("DISK_FULL", `The disk is full at ${path}.`, {
      cause: error,
      remedy: "Free space there, or pass another oci({ cacheFolder }).",
    });
  }
  // Making a folder with those above it, Node says ENOENT of a read-only disk, and EEXIST of a file in its place.
  if (["EACCES", "EPERM", "EROFS", "ENOTDIR", "ENOENT", "EEXIST"].includes(code ?? "")) {
    return new SandboxError("PERMISSION_DENIED", `${path} cannot be written: ${message}.`, {
      cause: error,
      remedy: "Give this user the folder, or pass another oci({ cacheFolder }).",
    });
  }
  return error;
}

/**
 * Throws INVALID_OPTION when the ids of a box could not reach the folder: those on the way must be open to others, but
 * for a user who is the box's root himself and goes that way for the others.
 */
export async function checkReachable(folder: string): Promise<void> {
  const rootless = process.getuid !== undefined && process.getuid() !== 0;
  for (let path = folder; ; path = dirname(path)) {
    const { mode } = await stat(path);
    if ((mode & 0o001) === 0) {
      throw new SandboxError(
        "INVALID_OPTION",
        `Boxes cannot enter ${path}, as their users are nobody here.`,
        {
          remedy: `Run \`chmod o+x ${path}\`, or keep it elsewhere.`,
        },
      );
    }
    if (rootless || path === dirname(path)) return;
  }
}
