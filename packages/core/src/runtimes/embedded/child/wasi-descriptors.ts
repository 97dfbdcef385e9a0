import { CallError, call, sendData } from "./wire.ts";

/** Kinds of descriptors and of entries, as WASI numbers them. */
export const filetypes = { device: 2, directory: 3, file: 4, symlink: 7 } as const;

/** What is told of an entry or of something open. */
export interface Status {
  readonly filetype: number;
  readonly size: number;
  readonly inode: number;
  readonly mtimeMs: number;
}

/** Something that a program has open. Each operation throws a CallError. */
export interface Descriptor {
  readonly status: () => Status;
  /** Of a folder its absolute path. */
  readonly folder?: string;
  /** At most so many bytes at a position, or at the descriptor's own, which moves on; none at the end. */
  readonly read?: (length: number, at?: number) => Uint8Array;
  /** Returns how many bytes were written. */
  readonly write?: (bytes: Uint8Array, at?: number) => number;
  /** Returns the new position. */
  readonly seek?: (offset: number, from: "start" | "here" | "end") => number;
  readonly resize?: (size: number) => void;
  readonly entries?: () => readonly Entry[];
  /** Whether bytes are appended, wherever the position is. */
  append?: boolean;
  readonly close?: () => void;
}

/** An entry of a folder. */
export interface Entry {
  readonly name: string;
  readonly filetype: number;
}

const mostBytes = 1_048_576;
const device: Status = { filetype: filetypes.device, size: 0, inode: 0, mtimeMs: 0 };

/** Standard input, which can be asked whether there is something to read. */
export class InputDescriptor implements Descriptor {
  #pending: Uint8Array = new Uint8Array();
  #ended = false;

  readonly status = (): Status => device;

  readonly read = (length: number): Uint8Array => {
    if (this.#pending.length === 0 && !this.#ended) this.#ask({ most: Math.min(length, mostBytes) });
    const taken = this.#pending.subarray(0, length);
    this.#pending = this.#pending.subarray(taken.length);
    return taken;
  };

  /** Waits until a read would not, at most so many milliseconds; returns how many bytes are there, or null. */
  await(waitMs: number): number | null {
    if (this.#pending.length === 0 && !this.#ended && !this.#ask({ most: mostBytes, waitMs })) return null;
    return this.#pending.length;
  }

  #ask(request: object): boolean {
    const { value, data } = call({ op: "input", stream: 0, ...request });
    if (value["pending"] === true) return false;
    this.#ended = data.length === 0;
    this.#pending = data;
    return true;
  }
}

/** Standard output or standard error, or what takes either. */
export function outputDescriptor(to: 1 | 2 | ((bytes: Uint8Array) => void)): Descriptor {
  return {
    status: () => device,
    write: (bytes) => {
      if (typeof to === "function") to(bytes);
      else sendData(to, bytes);
      return bytes.length;
    },
  };
}

/** Reads and writes at a position that moves on. */
export function fileDescriptor(file: {
  readonly status: () => Status;
  readonly readAt: (position: number, length: number) => Uint8Array;
  /** Returns the position after what was written. */
  readonly writeAt?: ((position: number, bytes: Uint8Array) => number) | undefined;
  readonly resize?: ((size: number) => void) | undefined;
  readonly close?: () => void;
}): Descriptor {
  let position = 0;
  const { status, readAt, writeAt, resize, close } = file;
  return {
    status,
    read: (length, at) => {
      const data = readAt(at ?? position, Math.min(length, mostBytes));
      if (at === undefined) position += data.length;
      return data;
    },
    ...(writeAt && {
      write: (bytes, at) => {
        const piece = bytes.subarray(0, mostBytes);
        const after = writeAt(at ?? position, piece);
        if (at === undefined) position = after;
        return piece.length;
      },
    }),
    seek: (offset, from) => {
      const start = from === "start" ? 0 : from === "here" ? position : status().size;
      if (start + offset < 0) throw new CallError("EINVAL", "before the start of the file");
      position = start + offset;
      return position;
    },
    ...(resize && { resize }),
    ...(close && { close }),
  };
}
