import { CallError, call } from "./wire.ts";
import type { Reply } from "./wire.ts";

/** Linux's numbers and words for the errors that files can end in. */
const known: Readonly<Record<string, readonly [number, string]>> = {
  EPERM: [-1, "operation not permitted"],
  ENOENT: [-2, "no such file or directory"],
  EBADF: [-9, "bad file descriptor"],
  EACCES: [-13, "permission denied"],
  EEXIST: [-17, "file already exists"],
  ENOTDIR: [-20, "not a directory"],
  EISDIR: [-21, "illegal operation on a directory"],
  EINVAL: [-22, "invalid argument"],
  EMFILE: [-24, "too many open files"],
  ENOSPC: [-28, "no space left on device"],
  EROFS: [-30, "read-only file system"],
  ENAMETOOLONG: [-36, "name too long"],
  ENOSYS: [-38, "function not implemented"],
  ENOTEMPTY: [-39, "directory not empty"],
  ELOOP: [-40, "too many symbolic links encountered"],
};

const mostSpellings = 4;
const spellings = new Map<string, string>();

/** Errors name a path as the program wrote it. */
export function rememberSpelling(path: string, written: string): string {
  spellings.delete(path);
  spellings.set(path, written);
  if (spellings.size > mostSpellings) spellings.delete(spellings.keys().next().value!);
  return path;
}

const written = (path: string | undefined): string | undefined =>
  path === undefined ? undefined : (spellings.get(path) ?? path);

/** An error as Node's file functions throw it. */
export function nodeError(code: string, syscall: string, from?: string, to?: string): Error {
  const path = written(from);
  const destination = written(to);
  const [errno, words] = known[code] ?? [-22, "failed"];
  const where =
    path === undefined ? "" : ` '${path}'${destination === undefined ? "" : ` -> '${destination}'`}`;
  return Object.assign(new Error(`${code}: ${words}, ${syscall}${where}`), {
    errno,
    code,
    syscall,
    ...(path === undefined ? {} : { path }),
    ...(destination === undefined ? {} : { dest: destination }),
  });
}

/** A call whose failure is an error as Node has it. */
export function ask(syscall: string, request: Readonly<Record<string, unknown>>, data?: Uint8Array): Reply {
  try {
    return call(request, data);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    const path = (request["path"] ?? request["from"]) as string | undefined;
    throw nodeError(error.code, syscall, path, request["to"] as string | undefined);
  }
}
