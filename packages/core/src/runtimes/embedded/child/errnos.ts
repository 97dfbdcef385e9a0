/** WASI's numbers of errors by name, which are Emscripten's too. */
export const errnos: Readonly<Record<string, number>> = {
  EACCES: 2,
  EBADF: 8,
  EEXIST: 20,
  EFAULT: 21,
  EINVAL: 28,
  EISDIR: 31,
  ELOOP: 32,
  EMFILE: 33,
  ENAMETOOLONG: 37,
  ENOENT: 44,
  ENOSPC: 51,
  ENOSYS: 52,
  ENOTDIR: 54,
  ENOTEMPTY: 55,
  ENOTSUP: 58,
  EPERM: 63,
  EROFS: 69,
  ESPIPE: 70,
};

/** The number of an error by its name; of one that is not known, that of EINVAL. */
export function errnoOf(code: string): number {
  return errnos[code] ?? errnos["EINVAL"]!;
}
