import { errnoOf, errnos } from "./errnos.ts";
import { nanosecondsInMs, timeOf, wallNow } from "./wasi-clocks.ts";
import { InputDescriptor, filetypes, outputDescriptor } from "./wasi-descriptors.ts";
import type { Descriptor, Entry } from "./wasi-descriptors.ts";
import { sessionFiles } from "./wasi-places.ts";
import type { Place } from "./wasi-places.ts";
import { poll } from "./wasi-polling.ts";
import { statusBytes, writeEntries, writeStatus } from "./wasi-records.ts";
import { CallError } from "./wire.ts";

/** What a program of WebAssembly is started with. */
export interface WasiOptions {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Folders that are not the session's, by their absolute path. */
  readonly mounts?: Readonly<Record<string, Place>>;
  /** What is named by no folder of the root is looked for here, of a program that does not know its folder. */
  readonly folder?: string;
  /** Takes what it prints, in place of the process's own streams. */
  readonly output?: (bytes: Uint8Array) => void;
  /** Open at once. */
  mostOpenFiles(): number;
  memory(): WebAssembly.Memory;
  /** Ends the program; does not return. */
  exit(code: number): never;
}

type Numbers = (number & bigint)[];
type WasiFunction = (...given: Numbers) => number | void;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const fill = crypto.getRandomValues.bind(crypto);
const mostRandom = 65_536;
const rootDescriptor = 3;
const rights = { read: 1n << 1n, write: 1n << 6n } as const;
const everyRight = (1n << 30n) - 1n;
const openFlags = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;
const appends = 1;
const setNow = { atime: 2, mtime: 8 } as const;
const setTime = { mtime: 4 } as const;

/**
 * The functions of `wasi_snapshot_preview1` for one program: its standard streams are the process's, its files the
 * session's. Whatever it asks for is checked by who answers the calls; what it gives as addresses, here.
 */
export function wasiFunctions(options: WasiOptions): Record<string, (...given: never[]) => number> {
  const input = new InputDescriptor();
  const root: Descriptor = {
    folder: "/",
    status: () => ({ filetype: filetypes.directory, size: 0, inode: 1, mtimeMs: 0 }),
    entries: () => [
      ...sessionFiles.open("/", readFolder).entries!(),
      ...Object.keys(options.mounts ?? {}).map((path) => ({
        name: path.slice(1),
        filetype: filetypes.directory,
      })),
    ],
  };
  const table = new Map<number, Descriptor>([
    [0, input],
    [1, outputDescriptor(options.output ?? 1)],
    [2, outputDescriptor(options.output ?? 2)],
    [rootDescriptor, root],
  ]);
  const listings = new WeakMap<Descriptor, readonly Entry[]>();

  const view = (): DataView => new DataView(options.memory().buffer);
  const bytes = (at: number, length: number): Uint8Array<ArrayBuffer> =>
    new Uint8Array(options.memory().buffer, at >>> 0, length >>> 0);
  const text = (at: number, length: number): string => decoder.decode(bytes(at, length).slice());
  const descriptor = (fd: number): Descriptor => {
    const found = table.get(fd);
    if (!found) throw new CallError("EBADF", "bad file descriptor");
    return found;
  };
  const place = (path: string): Place => {
    const mounted = Object.entries(options.mounts ?? {}).find(
      ([folder]) => path === folder || path.startsWith(`${folder}/`),
    );
    return mounted?.[1] ?? sessionFiles;
  };
  const changeable = (path: string): NonNullable<Place["change"]> => {
    const { change } = place(path);
    if (!change) throw new CallError("EROFS", "nothing can be changed here");
    return change;
  };
  /** The absolute path that a program names from an open folder. */
  const pathAt = (fd: number, at: number, length: number): string => {
    const { folder } = descriptor(fd);
    if (folder === undefined) throw new CallError("ENOTDIR", "not a folder");
    const named = text(at, length);
    if (named.includes("\0")) throw new CallError("EINVAL", "a zero byte in a path");
    if (named.startsWith("/")) return named;
    const isRelative =
      folder === "/" && options.folder !== undefined && !rootFolders.has(named.split("/", 1)[0]!);
    const base = isRelative ? options.folder! : folder;
    return `${base === "/" ? "" : base}/${named}`;
  };
  const vectors = (at: number, count: number): Uint8Array<ArrayBuffer>[] => {
    const memory = view();
    return Array.from({ length: count >>> 0 }, (_, index) =>
      bytes(memory.getUint32(at + index * 8, true), memory.getUint32(at + index * 8 + 4, true)),
    );
  };
  const freeNumber = (): number => {
    if (table.size >= options.mostOpenFiles()) throw new CallError("EMFILE", "too many open files");
    let fd = rootDescriptor + 1;
    while (table.has(fd)) fd += 1;
    return fd;
  };
  const readInto = (fd: number, at: number, count: number, filled: number, position?: number): void => {
    const { read } = descriptor(fd);
    if (!read)
      throw new CallError(descriptor(fd).folder === undefined ? "EBADF" : "EISDIR", "not to be read");
    let total = 0;
    for (const part of vectors(at, count)) {
      if (part.length === 0) continue;
      const data = read(part.length, position === undefined ? undefined : position + total);
      part.set(data);
      total += data.length;
      if (data.length < part.length) break;
    }
    view().setUint32(filled, total, true);
  };
  const writeFrom = (fd: number, at: number, count: number, taken: number, position?: number): void => {
    const { write } = descriptor(fd);
    if (!write) throw new CallError("EBADF", "not to be written");
    let total = 0;
    for (const part of vectors(at, count)) {
      if (part.length === 0) continue;
      const size = write(part, position === undefined ? undefined : position + total);
      total += size;
      if (size < part.length) break;
    }
    view().setUint32(taken, total, true);
  };
  /** Zero-terminated texts behind one another, and where each begins. */
  const writeTexts = (texts: readonly string[], starts: number, at: number): void => {
    let position = at;
    texts.forEach((each, index) => {
      const encoded = encoder.encode(`${each}\0`);
      view().setUint32(starts + index * 4, position, true);
      bytes(position, encoded.length).set(encoded);
      position += encoded.length;
    });
  };
  const writeSizes = (texts: readonly string[], count: number, size: number): void => {
    view().setUint32(count, texts.length, true);
    const total = texts.reduce((sum, each) => sum + encoder.encode(each).length + 1, 0);
    view().setUint32(size, total, true);
  };
  const variables = (): string[] => Object.entries(options.env).map(([name, value]) => `${name}=${value}`);
  const changedTime = (mtime: bigint, flags: number): number | undefined => {
    if (flags & setNow.mtime) return wallNow();
    return flags & setTime.mtime ? Number(mtime) / nanosecondsInMs : undefined;
  };

  const polling = { view, bytes, input, isInput: (fd: number) => table.get(fd) === input };

  const functions: Record<string, WasiFunction> = {
    args_get: (starts, at) => writeTexts(options.argv, starts, at),
    args_sizes_get: (count, size) => writeSizes(options.argv, count, size),
    environ_get: (starts, at) => writeTexts(variables(), starts, at),
    environ_sizes_get: (count, size) => writeSizes(variables(), count, size),
    clock_res_get: (_clock, at) => view().setBigUint64(at, 1_000n, true),
    clock_time_get: (clock, _precision, at) => view().setBigUint64(at, timeOf(clock), true),
    random_get: (at, length) => {
      const target = bytes(at, length);
      for (let done = 0; done < target.length; done += mostRandom) {
        fill(target.subarray(done, done + mostRandom));
      }
    },
    proc_exit: (code) => options.exit(code),
    sched_yield: () => {},
    poll_oneoff: (subscriptions, events, count, happened) => {
      view().setUint32(happened, poll(polling, subscriptions, events, count >>> 0), true);
    },

    fd_advise: () => {},
    fd_sync: (fd) => void descriptor(fd),
    fd_datasync: (fd) => void descriptor(fd),
    fd_close: (fd) => {
      descriptor(fd).close?.();
      table.delete(fd);
    },
    fd_renumber: (from, to) => {
      const moved = descriptor(from);
      if (from === to) return;
      table.get(to)?.close?.();
      table.set(to, moved);
      table.delete(from);
    },
    fd_fdstat_get: (fd, at) => {
      const { status, append, read, write, folder } = descriptor(fd);
      bytes(at, 24).fill(0);
      view().setUint8(at, status().filetype);
      view().setUint16(at + 2, append ? appends : 0, true);
      const one = folder !== undefined ? everyRight : (read ? rights.read : 0n) | (write ? rights.write : 0n);
      // A device that could be positioned would be taken for no terminal and no pipe.
      const more =
        one === everyRight || status().filetype === filetypes.device ? 0n : (1n << 2n) | (1n << 5n);
      view().setBigUint64(at + 8, one | more, true);
      view().setBigUint64(at + 16, everyRight, true);
    },
    fd_fdstat_set_flags: (fd, flags) => {
      descriptor(fd).append = (flags & appends) !== 0;
    },
    fd_filestat_get: (fd, at) => writeStatus(descriptor(fd).status(), bytes(at, statusBytes)),
    fd_filestat_set_size: (fd, size) => {
      const { resize } = descriptor(fd);
      if (!resize) throw new CallError("EINVAL", "not a file to be written");
      resize(Number(size));
    },
    fd_filestat_set_times: (fd, _atime, mtime, flags) => {
      const { folder } = descriptor(fd);
      const time = changedTime(mtime, flags);
      if (time !== undefined && folder !== undefined) changeable(folder).utime(folder, time);
    },
    fd_prestat_get: (fd, at) => {
      if (fd !== rootDescriptor || table.get(fd) !== root) throw new CallError("EBADF", "not opened before");
      view().setUint32(at, 0, true);
      view().setUint32(at + 4, 1, true);
    },
    fd_prestat_dir_name: (fd, at, length) => {
      if (table.get(fd) !== root) throw new CallError("EBADF", "not opened before");
      bytes(at, Math.min(1, length)).set(encoder.encode("/").subarray(0, length));
    },
    fd_read: (fd, at, count, filled) => readInto(fd, at, count, filled),
    fd_pread: (fd, at, count, position, filled) => readInto(fd, at, count, filled, Number(position)),
    fd_write: (fd, at, count, taken) => writeFrom(fd, at, count, taken),
    fd_pwrite: (fd, at, count, position, taken) => writeFrom(fd, at, count, taken, Number(position)),
    fd_seek: (fd, offset, whence, at) => {
      const { seek } = descriptor(fd);
      if (!seek) throw new CallError("ESPIPE", "no position");
      const from = (["start", "here", "end"] as const)[whence];
      if (!from) throw new CallError("EINVAL", "no such start");
      view().setBigUint64(at, BigInt(seek(Number(offset), from)), true);
    },
    fd_tell: (fd, at) => {
      const { seek } = descriptor(fd);
      if (!seek) throw new CallError("ESPIPE", "no position");
      view().setBigUint64(at, BigInt(seek(0, "here")), true);
    },
    fd_readdir: (fd, at, length, cookie, used) => {
      const folder = descriptor(fd);
      if (!folder.entries) throw new CallError("ENOTDIR", "not a folder");
      if (Number(cookie) === 0) {
        const own = [".", ".."].map((name) => ({ name, filetype: filetypes.directory }));
        listings.set(folder, [...own, ...folder.entries()]);
      }
      const filled = writeEntries(listings.get(folder) ?? [], Number(cookie), bytes(at, length));
      view().setUint32(used, filled, true);
    },

    path_open: (fd, lookup, at, length, flags, wanted, _inherited, more, opened) => {
      const path = pathAt(fd, at, length);
      const number = freeNumber();
      const append = (more & appends) !== 0;
      const opening = {
        write: (BigInt(wanted) & rights.write) !== 0n && (flags & openFlags.directory) === 0,
        create: (flags & openFlags.create) !== 0,
        exclusive: (flags & openFlags.exclusive) !== 0,
        truncate: (flags & openFlags.truncate) !== 0,
        directory: (flags & openFlags.directory) !== 0,
        follow: (lookup & 1) !== 0,
        append,
      };
      const file = place(path).open(path, opening);
      file.append = append;
      table.set(number, file);
      view().setUint32(opened, number, true);
    },
    path_filestat_get: (fd, lookup, at, length, status) => {
      const path = pathAt(fd, at, length);
      writeStatus(place(path).stat(path, (lookup & 1) !== 0), bytes(status, statusBytes));
    },
    path_filestat_set_times: (fd, _lookup, at, length, _atime, mtime, flags) => {
      const path = pathAt(fd, at, length);
      const time = changedTime(mtime, flags);
      if (time !== undefined) changeable(path).utime(path, time);
    },
    path_create_directory: (fd, at, length) => {
      const path = pathAt(fd, at, length);
      changeable(path).mkdir(path);
    },
    path_remove_directory: (fd, at, length) => {
      const path = pathAt(fd, at, length);
      changeable(path).rmdir(path);
    },
    path_unlink_file: (fd, at, length) => {
      const path = pathAt(fd, at, length);
      changeable(path).unlink(path);
    },
    path_rename: (fromFd, fromAt, fromLength, toFd, toAt, toLength) => {
      const from = pathAt(fromFd, fromAt, fromLength);
      const to = pathAt(toFd, toAt, toLength);
      if (place(from) !== place(to)) throw new CallError("EROFS", "nothing can be changed here");
      changeable(from).rename(from, to);
    },
    path_symlink: (targetAt, targetLength, fd, at, length) => {
      const path = pathAt(fd, at, length);
      changeable(path).symlink(text(targetAt, targetLength), path);
    },
    path_readlink: (fd, at, length, target, most, used) => {
      const path = pathAt(fd, at, length);
      const found = encoder.encode(place(path).readlink(path)).subarray(0, most);
      bytes(target, found.length).set(found);
      view().setUint32(used, found.length, true);
    },
  };
  for (const name of unsupported) functions[name] = () => errnos["ENOTSUP"]!;

  return Object.fromEntries(
    Object.entries(functions).map(([name, work]) => [
      name,
      (...given: never[]): number => {
        try {
          return work(...given) ?? 0;
        } catch (error) {
          if (error instanceof CallError) return errnoOf(error.code);
          // An address that is not in the program's memory; a full stack is another matter.
          if (error instanceof RangeError && !/call stack/.test(error.message)) return errnos["EFAULT"]!;
          throw error;
        }
      },
    ]),
  );
}

const rootFolders = new Set(["workspace", "tmp", "usr", "dev", "proc", "etc", ""]);

const readFolder = {
  write: false,
  create: false,
  exclusive: false,
  truncate: false,
  append: false,
  directory: true,
  follow: true,
} as const;

const unsupported = [
  "fd_allocate",
  "fd_fdstat_set_rights",
  "path_link",
  "proc_raise",
  "sock_accept",
  "sock_recv",
  "sock_send",
  "sock_shutdown",
];
