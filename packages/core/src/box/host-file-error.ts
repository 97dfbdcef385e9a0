import { SandboxError } from "../errors.ts";

/** The SandboxError for a path of this machine that cannot be used. */
export function hostFileError(path: string, cause: unknown): SandboxError {
  const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
  return new SandboxError(
    missing ? "FILE_NOT_FOUND" : "FILE_ERROR",
    missing ? `There is no ${path} on this machine.` : `${path} cannot be used on this machine.`,
    { remedy: "Check the path on the host.", cause },
  );
}

/** The error of a system call as a SandboxError; any other error as it is. */
export function explainedHostError(path: string, error: unknown): unknown {
  return error instanceof Error && "syscall" in error ? hostFileError(path, error) : error;
}
