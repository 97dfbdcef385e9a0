import { Buffer } from "node:buffer";
import nodeProcess, { nextTick } from "node:process";
import type { Interface } from "node:readline";
import { readStream, writeStream } from "./node-file-streams.ts";
import { readInput, run, sync } from "./node-files.ts";
import { Dir, cpSync, globSync } from "./node-folders.ts";
import { Dirent, Stats, constants } from "./node-status.ts";

type AnyFunction = (...given: unknown[]) => unknown;

const functions = { ...sync, cpSync, globSync } as unknown as Readonly<Record<string, AnyFunction>>;

/** `node:fs/promises`. */
export const promises: Record<string, unknown> = { constants };
/** `node:fs`. */
export const fs: Record<string, unknown> = { ...functions, promises, constants, Stats, Dirent, Dir };

for (const [name, work] of Object.entries(functions)) {
  const plain = name.slice(0, -"Sync".length);
  promises[plain] = async (...given: unknown[]) => {
    const [first, ...rest] = given;
    return work(first instanceof FileHandle ? first.fd : first, ...rest);
  };
  fs[plain] = (...given: unknown[]) => {
    const callback = given.pop();
    if (typeof callback !== "function") throw noCallback(callback);
    settle(
      () => work(...given),
      callback as AnyFunction,
      plain === "read" || plain === "write" ? given[1] : undefined,
    );
  };
}
delete promises["exists"];

class FileHandle {
  readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  async read(...given: unknown[]): Promise<unknown> {
    const options = ArrayBuffer.isView(given[0])
      ? undefined
      : (given[0] as { buffer?: Uint8Array } | undefined);
    const buffer = (options ? options.buffer : (given[0] as Uint8Array)) ?? Buffer.alloc(16_384);
    const rest = options ? [options] : given.slice(1);
    return { bytesRead: sync.readSync(this.fd, buffer, ...rest), buffer };
  }
  async write(data: unknown, ...rest: unknown[]): Promise<unknown> {
    return { bytesWritten: sync.writeSync(this.fd, data, ...rest), buffer: data };
  }
  async readFile(options?: string): Promise<unknown> {
    return sync.readFileSync(this.fd, options);
  }
  async writeFile(data: unknown, options?: string): Promise<void> {
    sync.writeFileSync(this.fd, data, options);
  }
  async appendFile(data: unknown, options?: string): Promise<void> {
    sync.writeFileSync(this.fd, data, options);
  }
  async stat(): Promise<Stats> {
    return sync.fstatSync(this.fd);
  }
  async truncate(size?: number): Promise<void> {
    sync.ftruncateSync(this.fd, size);
  }
  readLines(): Interface {
    const { createInterface } = nodeProcess.getBuiltinModule("node:readline");
    return createInterface({ input: readStream("", { fd: this.fd }) });
  }
  createReadStream(options?: object): unknown {
    return readStream("", { ...options, fd: this.fd });
  }
  async sync(): Promise<void> {}
  async close(): Promise<void> {
    sync.closeSync(this.fd);
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

const unwatched = (): never => {
  throw new Error("Files cannot be watched in this sandbox: look at them again instead.");
};

Object.assign(promises, {
  open: async (...given: Parameters<typeof sync.openSync>) => new FileHandle(sync.openSync(...given)),
  opendir: async (...given: ConstructorParameters<typeof Dir>) => new Dir(...given),
  async *glob(...given: Parameters<typeof globSync>) {
    yield* globSync(...given);
  },
  watch: unwatched,
});
Object.assign(fs, {
  exists: (name: string, callback: (there: boolean) => void) => {
    const there = sync.existsSync(name);
    nextTick(() => callback(there));
  },
  read: (descriptor: number, ...rest: unknown[]) => {
    const callback = rest.pop() as AnyFunction;
    const buffer = (ArrayBuffer.isView(rest[0]) ? rest.shift() : Buffer.alloc(16_384)) as Uint8Array;
    if (descriptor === 3) return void readJobs(buffer, callback);
    settle(() => sync.readSync(descriptor, buffer, ...rest), callback, buffer);
  },
  opendirSync: (...given: ConstructorParameters<typeof Dir>) => new Dir(...given),
  opendir: (name: string, ...rest: unknown[]) => {
    const callback = rest.pop() as AnyFunction;
    settle(() => new Dir(name), callback);
  },
  createReadStream: readStream,
  createWriteStream: writeStream,
  watch: unwatched,
  watchFile: unwatched,
  unwatchFile: () => {},
});
(fs["realpathSync"] as Record<string, unknown> & AnyFunction)["native"] = sync.realpathSync;
(fs["realpath"] as Record<string, unknown> & AnyFunction)["native"] = fs["realpath"];

/** How a context waits: it sleeps in the call, and looks at its timers now and then. */
const napMs = 50;

function readJobs(buffer: Uint8Array, callback: AnyFunction): void {
  const look = (): void => {
    if (run.underWay) return void setTimeout(look, 1);
    const data = readInput(3, buffer.length, napMs);
    if (data === "pending") return void setTimeout(look, 0);
    buffer.set(data);
    run.underWay = data.length > 0;
    callback(null, data.length, buffer);
  };
  setTimeout(look, 0);
}

function settle(work: () => unknown, callback: AnyFunction, extra?: unknown): void {
  let outcome: unknown[];
  try {
    outcome = [null, work(), ...(extra === undefined ? [] : [extra])];
  } catch (error) {
    outcome = [error];
  }
  nextTick(() => callback(...outcome));
}

function noCallback(received: unknown): TypeError {
  const kind = received === undefined ? "undefined" : typeof received;
  return Object.assign(new TypeError(`The "cb" argument must be of type function. Received ${kind}`), {
    code: "ERR_INVALID_ARG_TYPE",
  });
}
