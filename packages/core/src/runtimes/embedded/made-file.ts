import { createHash, randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, open, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostFileError } from "../../host-file-error.ts";
import { SandboxError } from "../../errors.ts";
import type { LaunchOptions } from "../../runtime.ts";
import { withHostLock } from "../shared/host-lock.ts";
import { userCacheFolder } from "../shared/user-cache-folder.ts";
import { Child } from "./child.ts";
import { childScript } from "./child-script.generated.ts";
import type { EmbeddedOptions } from "./embedded-options.ts";

const oldMs = 30 * 24 * 3_600_000;
/** The memory of a Python and what is compiled for C++ are some 17 MB each. */
const mostBytes = 256 * 1_048_576;
/** Enough for Pyodide and for Clang; it is not the program's. */
const memoryBytes = 1_073_741_824;

const readBytes = 1_048_576;

/** How a file is made by a child, which sends it in pieces. */
export interface Recipe {
  /** Begins the file's name: `python`. */
  readonly name: "python" | "cpp";
  /** What it is, for a person: `the memory of a started Python`. */
  readonly what: string;
  /** What making it is: `starting Python`. */
  readonly making: string;
  /** Everything that the content depends on beside the child's own script. */
  readonly key: readonly string[];
  readonly deno: string;
  readonly readable: readonly string[];
  readonly boot: object;
  /** What installs the packages that it needs. */
  readonly install: string;
}

/**
 * A file that saves each child the same long work, such as the memory of a Python that has started and imported what
 * runs need. It is made once and kept; its name holds a digest of its content.
 */
export class MadeFile {
  readonly #options: EmbeddedOptions;
  readonly #recipe: Recipe;
  #file: Promise<string> | undefined;
  /** What was found out of the file as it was at a time. */
  #seen: { readonly state: string; readonly whole: Promise<boolean> } | undefined;

  constructor(options: EmbeddedOptions, recipe: Recipe) {
    this.#options = options;
    this.#recipe = recipe;
  }

  /** What it is, for a person. */
  get what(): string {
    return this.#recipe.what;
  }

  /** Its path; made first if it is not there. Rejects with BOX_START_FAILED. */
  async file(launch: Pick<LaunchOptions, "onProgress" | "logger"> = {}): Promise<string> {
    this.#file ??= this.#findOrMake(launch);
    this.#file.catch(() => {
      this.#file = undefined;
    });
    return this.#file;
  }

  /** Whether the file is what its name says. It is read when it has changed since it was looked at, so while others start from it. */
  async isWhole(): Promise<boolean> {
    const path = await this.#file;
    const facts = path === undefined ? undefined : await stat(path).catch(() => undefined);
    if (path === undefined || !facts) return false;
    const state = [path, facts.ino, facts.size, facts.mtimeMs, facts.ctimeMs].join(" ");
    if (this.#seen?.state !== state) this.#seen = { state, whole: hasDigestOfName(path).catch(() => false) };
    return this.#seen.whole;
  }

  /** Removes the file, which is not what its name says; the next call makes it again. */
  async discard(): Promise<void> {
    const path = await this.#file;
    this.#file = undefined;
    if (path !== undefined) await rm(path, { force: true });
  }

  async #findOrMake(launch: Pick<LaunchOptions, "onProgress" | "logger">): Promise<string> {
    const key = this.#key();
    const folder = cacheFolder(this.#options);
    const { name, making } = this.#recipe;
    const found = await find(folder, name, key);
    if (found !== undefined) return found;
    const say = (message: string) => launch.onProgress?.({ phase: "prepare", message });
    const waiting = () => say(`Another program is ${making} for the first time; waiting for it.`);
    // Not one caller's: others may be waiting for the same.
    const { signal } = new AbortController();
    return withHostLock(`${name} ${folder} ${key}`, { signal, waiting }, async () => {
      const meanwhile = await find(folder, name, key);
      if (meanwhile !== undefined) return meanwhile;
      say(`${making[0]!.toUpperCase()}${making.slice(1)} for the first time on this machine.`);
      return this.#makeAndKeep(folder, key, launch);
    });
  }

  async #makeAndKeep(folder: string, key: string, launch: Pick<LaunchOptions, "logger">): Promise<string> {
    const memory = await this.#make();
    const digest = createHash("sha256").update(memory).digest("hex");
    const name = `${this.#recipe.name}-${key}-${digest}.memory`;
    try {
      const path = await keep(folder, name, memory);
      await removeOld(folder);
      return path;
    } catch (error) {
      launch.logger?.warn(
        `${this.what} cannot be kept in ${folder}: ${(error as Error).message}. ` +
          "Each program makes it anew, which takes seconds: free that folder, or pass embedded({ cache }).",
      );
      return this.#keepForNow(name, memory);
    }
  }

  /** For this program alone. */
  async #keepForNow(name: string, memory: Buffer): Promise<string> {
    let own: string | undefined;
    try {
      own = await mkdtemp(join(tmpdir(), "llm-sandbox-"));
      const path = await keep(own, name, memory);
      const folder = own;
      process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
      return path;
    } catch (cause) {
      if (own !== undefined) await rm(own, { recursive: true, force: true });
      throw hostFileError(tmpdir(), cause);
    }
  }

  /** Everything that the memory depends on. */
  #key(): string {
    return createHash("sha256")
      .update(JSON.stringify([...this.#recipe.key, childScript]))
      .digest("hex")
      .slice(0, 16);
  }

  async #make(): Promise<Buffer> {
    const { deno, readable, boot, what, install } = this.#recipe;
    const child = new Child({ deno, memoryBytes, readable, timeoutMs: this.#options.timeoutMs, boot });
    const pieces: Buffer[] = [];
    let bytes = 0;
    let whole = false;
    child.attend({
      onData: () => {},
      answer: ({ request, data }) => {
        if (request["op"] === "snapshot-done") whole = request["bytes"] === bytes;
        else if (request["op"] !== "snapshot" || bytes + data.length > mostBytes) {
          throw Object.assign(new Error("nothing is there"), { code: "ENOENT" });
        } else {
          pieces.push(Buffer.from(data));
          bytes += data.length;
        }
        return { value: {} };
      },
    });
    await child.exited;
    if (whole && bytes > 0) return Buffer.concat(pieces);
    const said = child.diagnostics.trim().slice(-500);
    throw new SandboxError("BOX_START_FAILED", `${what} could not be made: ${said}`, {
      remedy: `Install the packages again: ${install}`,
    });
  }
}

/** Reads piece by piece into the same memory: it is only looked at. */
async function hasDigestOfName(path: string): Promise<boolean> {
  const hash = createHash("sha256");
  const file = await open(path);
  try {
    const piece = Buffer.allocUnsafe(readBytes);
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, piece.length);
      if (bytesRead === 0) break;
      hash.update(piece.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
  return path.endsWith(`-${hash.digest("hex")}.memory`);
}

/** Where such files are kept. */
export function cacheFolder({ cache }: EmbeddedOptions): string {
  return cache ?? join(userCacheFolder(), "embedded");
}

async function find(folder: string, name: string, key: string): Promise<string | undefined> {
  const kept = await readdir(folder).catch(() => []);
  const found = kept.find((each) => each.startsWith(`${name}-${key}-`) && each.endsWith(".memory"));
  return found === undefined ? undefined : inUse(join(folder, found));
}

/** Keeps others from taking it for one that nobody uses; seldom, as those who use it read it again when it has changed. */
async function inUse(path: string): Promise<string> {
  const now = new Date();
  const facts = await stat(path).catch(() => undefined);
  if (facts && facts.mtimeMs < now.getTime() - oldMs / 2) await utimes(path, now, now).catch(() => {});
  return path;
}

/** Files of other versions that nobody has used for long. */
async function removeOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    if (/^(?:python|cpp)-.*\.memory$/.test(name) && mtimeMs < Date.now() - oldMs)
      await rm(path, { force: true });
  }
}

/** Two programs may do this at once: each file appears whole. */
async function keep(folder: string, name: string, content: Buffer): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  const unfinished = join(folder, `.${randomUUID()}`);
  try {
    await writeFile(unfinished, content, { mode: 0o600 });
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
  return path;
}
