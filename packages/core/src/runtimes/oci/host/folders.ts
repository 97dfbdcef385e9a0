import { dirname, isAbsolute } from "node:path";
import { lstat, mkdir, stat } from "node:fs/promises";
import { SandboxError } from "../../../errors.ts";
import { userCacheFolder } from "../../shared/user-cache-folder.ts";
import { isOwnFolder } from "./cgroup-machine.ts";

/** Where what must outlive a program is kept: roots, templates, the agent. Not root's home, which boxes cannot enter. */
export function defaultCacheFolder(): string {
  const ofRoot = process.getuid?.() === 0 && !isAbsolute(process.env["XDG_CACHE_HOME"] ?? "");
  return ofRoot ? "/var/cache/llm-sandbox" : userCacheFolder();
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

/**
 * Makes the folder of running boxes. Throws PERMISSION_DENIED when it is somebody else's or a link, or when others could
 * put something else in its place.
 */
export async function ownRunFolder(): Promise<string> {
  const path = runFolder();
  const parent = await stat(dirname(path)).catch((error: unknown) => {
    throw folderError(path, error);
  });
  const exchangeable = (parent.mode & 0o022) !== 0 && (parent.mode & 0o1000) === 0;
  if (exchangeable) {
    throw new SandboxError("PERMISSION_DENIED", `Others may replace what is in ${dirname(path)}.`, {
      remedy: `Run \`chmod +t ${dirname(path)}\` as root.`,
    });
  }
  await ownFolder(path, 0o711);
  if ((await lstat(path)).isSymbolicLink()) throw foreignFolder(path);
  return path;
}

/** Makes a folder that only this user may change. Throws PERMISSION_DENIED or DISK_FULL with what to do. */
export async function ownFolder(path: string, mode: number): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode });
    // What is there first: a link of somebody else's may lead elsewhere a moment later.
    const [entry, folder] = [await lstat(path), await stat(path)];
    const user = process.getuid?.() ?? folder.uid;
    const led = entry.isSymbolicLink() && entry.uid === 0;
    if (folder.uid !== user || (entry.uid !== user && !led) || (folder.mode & 0o022) !== 0)
      throw foreignFolder(path);
    return path;
  } catch (error) {
    throw folderError(path, error);
  }
}

function foreignFolder(path: string): SandboxError {
  return new SandboxError("PERMISSION_DENIED", `Others may change ${path}.`, {
    remedy: isOfRunningBoxes(path)
      ? `Run \`rm -r ${path}\` as root; it is made again.`
      : "Remove it, or pass another oci({ cacheFolder }).",
  });
}

/** No option moves the folders of running boxes. */
function isOfRunningBoxes(path: string): boolean {
  return `${path}/`.startsWith(`${runFolder()}/`);
}

/** What a failure to write into a folder of ours means. */
export function folderError(path: string, error: unknown): unknown {
  if (SandboxError.is(error)) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const running = isOfRunningBoxes(path);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new SandboxError("DISK_FULL", `The disk is full at ${path}.`, {
      cause: error,
      remedy: running ? "Free space there." : "Free space there, or pass another oci({ cacheFolder }).",
    });
  }
  // Making a folder with those above it, Node says ENOENT of a read-only disk, and EEXIST of a file in its place.
  if (["EACCES", "EPERM", "EROFS", "ENOTDIR", "ENOENT", "EEXIST"].includes(code ?? "")) {
    return new SandboxError("PERMISSION_DENIED", `${path} cannot be written: ${message}.`, {
      cause: error,
      remedy: running
        ? `Let this user write in ${dirname(runFolder())}: running boxes have their folders there.`
        : "Give this user the folder, or pass another oci({ cacheFolder }).",
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
