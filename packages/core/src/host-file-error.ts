import { SandboxError } from "./errors.ts";

/** The SandboxError for a path of this machine that cannot be used. */
export function hostFileError(path: string, cause: unknown): SandboxError {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  const missing = code === "ENOENT";
  const why = Object.hasOwn(reasons, code) ? reasons[code]! : `the system says ${code || String(cause)}`;
  return new SandboxError(
    missing ? "FILE_NOT_FOUND" : "FILE_ERROR",
    missing ? `There is no ${path} on this machine.` : `${path} cannot be used on this machine: ${why}.`,
    { remedy: code === "ENOSPC" ? "Free disk space on this machine." : "Check the path on the host.", cause },
  );
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "this program may not",
  EPERM: "this program may not",
  EEXIST: "there is something else in its place",
  ENOTDIR: "a part of it is no folder",
  EISDIR: "it is a folder",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  ENAMETOOLONG: "a name in it is too long",
};

/** The error of a system call as a SandboxError; any other error as it is. */
export function explainedHostError(path: string, error: unknown): unknown {
  return error instanceof Error && "syscall" in error ? hostFileError(path, error) : error;
}
