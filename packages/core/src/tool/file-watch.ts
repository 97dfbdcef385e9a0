import { stampOf } from "../box/changed-files.ts";
import type { FileEntry } from "../box/session-files.ts";
import { SandboxError } from "../errors.ts";
import type { SandboxSession } from "../session.ts";
import type { ToolFile } from "./tool-outcome.ts";

/** Entries of the workspace that are looked through for what changed; in larger ones it is not told. */
const mostEntries = 2_000;

/** What the files looked like at one moment: a stamp by path, undefined when they could not be listed. */
type Seen = ReadonlyMap<string, string> | undefined;

/** What came of a call that was watched. */
export interface Watched<Result> {
  readonly result: Result;
  /** Files that are new or changed since the call began, whoever wrote them. */
  readonly files: readonly ToolFile[];
  /** Whether other calls that may write ran at the same time: some of the files may be theirs. */
  readonly together: boolean;
}

/**
 * An eye on what changes in a session's files, call by call. A call that has the session to itself costs one look, after it;
 * it begins with what the call before has left. Only where that is not known, a call looks before it too.
 */
export class FileWatch {
  readonly #session: SandboxSession;
  readonly #running = new Set<{ together: boolean }>();
  /** Files of our own, which are no change that is worth telling: undefined while they are being written. */
  readonly #own = new Map<string, string | undefined>();
  #seen: Seen;
  /** Looks are counted as they begin: that of `#seen`, the last one, and the last that a call which failed may have outrun. */
  #seenBy = 0;
  #looks = 0;
  #stale = 0;

  constructor(session: SandboxSession) {
    this.#session = session;
  }

  /** Learns which files are there. */
  async look(): Promise<readonly FileEntry[] | undefined> {
    this.#looks += 1;
    const number = this.#looks;
    const entries = await this.#list();
    if (number > this.#seenBy) {
      this.#seenBy = number;
      this.#seen = entries && new Map(entries.map((entry) => [entry.path, stampOf(entry)]));
    }
    return entries;
  }

  /** Does the work of one call and tells what changed meanwhile. What a call that rejects has written is nobody's. */
  async during<Result>(work: () => Promise<Result>): Promise<Watched<Result>> {
    const call = { together: this.#running.size > 0 };
    for (const other of this.#running) other.together = true;
    this.#running.add(call);
    try {
      if (call.together || this.#seenBy <= this.#stale) await this.look();
      const before = this.#seen;
      const result = await work();
      const entries = await this.look();
      return { result, files: this.#changes(before, entries), together: call.together };
    } catch (error) {
      this.#stale = this.#looks;
      throw error;
    } finally {
      this.#running.delete(call);
    }
  }

  /** Writes a file of our own. Its name is taken at once. */
  async write(path: string, content: Uint8Array): Promise<void> {
    const { files } = this.#session;
    this.#own.set(path, undefined);
    try {
      await files.writeFile(path, content);
      this.#own.set(path, stampOf(await files.stat(path)));
    } catch (error) {
      this.#own.delete(path);
      throw error;
    }
  }

  /** Whether there is a file of that name in the workspace, as far as was seen. */
  has(path: string): boolean {
    return this.#own.has(path) || (this.#seen?.has(path) ?? false);
  }

  #changes(before: Seen, entries: readonly FileEntry[] | undefined): readonly ToolFile[] {
    if (!before || !entries) return [];
    const { workspace } = this.#session.facts;
    return entries
      .filter((entry) => before.get(entry.path) !== stampOf(entry) && !this.#isOwn(entry))
      .map(({ path, size }) => ({ path: `${workspace}/${path}`, size }));
  }

  #isOwn(entry: FileEntry): boolean {
    if (!this.#own.has(entry.path)) return false;
    const stamp = this.#own.get(entry.path);
    return stamp === undefined || stamp === stampOf(entry);
  }

  async #list(): Promise<readonly FileEntry[] | undefined> {
    try {
      const { files } = this.#session;
      const entries = await files.list(".", { recursive: true, maxEntries: mostEntries });
      return entries.filter(({ type, path }) => type === "file" && !isByproduct(path));
    } catch (error) {
      if (SandboxError.is(error, "FILE_TOO_LARGE") || SandboxError.is(error, "PERMISSION_DENIED"))
        return undefined;
      throw error;
    }
  }
}

/** Caches and hidden files: of no interest to a model. */
function isByproduct(path: string): boolean {
  return path
    .split("/")
    .some((part) => part.startsWith(".") || part === "__pycache__" || part === "node_modules");
}
