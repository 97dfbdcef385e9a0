import path from "node:path";
import { nodeError } from "./node-errors.ts";
import { absolute, option, sync } from "./node-files.ts";
import type { Loose, PathLike } from "./node-files.ts";
import type { Dirent } from "./node-status.ts";

type Filter = (source: string, target: string) => unknown;

/** `fs.cpSync`. */
export function cpSync(from: PathLike, to: PathLike, options?: Loose): void {
  const filter = option<Filter | undefined>(options, "filter", undefined);
  if (filter && !filter(String(from), String(to))) return;
  const source = absolute(from);
  const target = absolute(to);
  const there = sync.lstatSync(source)!;
  if (there.isSymbolicLink()) return sync.symlinkSync(sync.readlinkSync(source), target);
  if (!there.isDirectory()) {
    sync.mkdirSync(path.dirname(target), { recursive: true });
    if (option(options, "force", true) || !sync.existsSync(target)) return sync.copyFileSync(source, target);
    if (!option(options, "errorOnExist", false)) return undefined;
    const error = new Error(`Target already exists: cp returned EEXIST (${target} already exists) ${target}`);
    error.name = "SystemError";
    throw Object.assign(error, { code: "ERR_FS_CP_EEXIST", errno: 17, syscall: "cp", path: target });
  }
  if (!option(options, "recursive", false)) {
    throw Object.assign(new Error(`Recursive option not enabled, cannot copy a directory: ${source}`), {
      code: "ERR_FS_EISDIR",
    });
  }
  sync.mkdirSync(target, { recursive: true });
  for (const entry of sync.readdirSync(source)) {
    const inner = [String(from), String(to)].map((place) => path.join(place, String(entry)));
    cpSync(inner[0]!, inner[1]!, options);
  }
}

/** `fs.Dir`. */
export class Dir {
  readonly path: string;
  readonly #entries: unknown[];
  #isClosed = false;

  constructor(name: PathLike, options?: Loose) {
    this.path = String(name);
    this.#entries = sync.readdirSync(name, {
      ...(typeof options === "object" ? options : {}),
      withFileTypes: true,
    });
  }

  readSync(): unknown {
    this.#check();
    return this.#entries.shift() ?? null;
  }
  async read(): Promise<unknown> {
    return this.readSync();
  }
  closeSync(): void {
    this.#check();
    this.#isClosed = true;
  }
  async close(): Promise<void> {
    this.closeSync();
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    yield* this.#entries.splice(0);
    this.#isClosed = true;
  }
  [Symbol.dispose](): void {
    this.#isClosed = true;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
  }
  #check(): void {
    if (this.#isClosed)
      throw Object.assign(new Error("Directory handle was closed"), { code: "ERR_DIR_CLOSED" });
  }
}

const isHidden = (name: string): boolean => name.split("/").some((part) => /^\.[^./]/.test(part));

/** `fs.globSync`. */
export function globSync(pattern: string | readonly string[], options?: Loose): (string | Dirent)[] {
  const root = absolute(option<PathLike>(options, "cwd", "."));
  const excluded = option<readonly string[] | ((name: unknown) => boolean)>(options, "exclude", []);
  const isTyped = option(options, "withFileTypes", false);
  const patterns = typeof pattern === "string" ? [pattern] : pattern;
  const wanted = patterns.map((one) => path.normalize(one.replace(/^\.\//, "")));
  const found: (string | Dirent)[] = [];
  const fits = (name: string, glob: string): boolean =>
    path.matchesGlob(name, glob) ||
    // A folder's own name stands for no folder between.
    (glob.endsWith("/**") && name === glob.slice(0, -3));
  const isExcluded = (name: string, entry: Dirent): boolean =>
    typeof excluded === "function"
      ? excluded(isTyped ? entry : entry.name)
      : excluded.some((glob) => fits(name, glob));
  const walk = (place: string, prefix: string): void => {
    for (const entry of sync.readdirSync(place, { withFileTypes: true }) as Dirent[]) {
      const name = prefix + entry.name;
      if (isExcluded(name, entry)) {
        // As Node has it, a folder that is excluded is still told itself when its name fits.
        if (typeof excluded === "function" && entry.isDirectory() && wanted.some((glob) => fits(name, glob)))
          found.push(isTyped ? entry : name);
        continue;
      }
      const full = path.join(place, entry.name);
      const isFit = (glob: string): boolean =>
        fits(glob.startsWith("/") ? full : name, glob) && (!isHidden(name) || /(?:^|\/)\./.test(glob));
      if (wanted.some(isFit))
        found.push(isTyped ? entry : wanted.some((glob) => glob.startsWith("/")) ? full : name);
      if (entry.isDirectory()) walk(full, `${name}/`);
    }
  };
  if (!sync.existsSync(root)) return found;
  if (!sync.statSync(root)!.isDirectory()) throw nodeError("ENOTDIR", "scandir", root);
  walk(root, "");
  return found;
}
