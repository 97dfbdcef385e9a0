import type { Context } from "../context.ts";
import { stampOf } from "../box/changed-files.ts";
import { SandboxError } from "../errors.ts";
import type { ExecutionResult } from "../execution.ts";
import type { RunOptions } from "../run-options.ts";
import type { SandboxSession } from "../session.ts";
import type { FileEntry } from "../box/session-files.ts";
import type { ToolFile } from "./tool-outcome.ts";

/** Entries of the workspace that are looked through for what changed; in larger ones it is not told. */
const mostEntries = 2_000;

/** An open session as tools use it: with a context where state is kept, and an eye on what changes in its files. */
export class LiveSession {
  readonly session: SandboxSession;
  readonly #keepState: boolean;
  #context: Context | undefined;
  #seen: ReadonlyMap<string, string> | undefined;

  constructor(session: SandboxSession, keepState: boolean) {
    this.session = session;
    this.#keepState = keepState;
  }

  /** Learns which files are there already. */
  async look(): Promise<void> {
    this.#seen = seenIn(await this.#list());
  }

  /** Runs code, with the state of the calls before where state is kept; `forgot` says that this state ended with this run. */
  async run(
    code: string,
    options: Pick<RunOptions, "timeoutMs" | "signal" | "onOutput">,
  ): Promise<{ readonly result: ExecutionResult; readonly forgot: boolean }> {
    if (!this.#keepState) return { result: await this.session.run(code, options), forgot: false };
    const context = this.#openContext();
    const result = await context.run(code, options);
    // A context whose process has ended says so within a turn of the loop.
    await new Promise((resolve) => setImmediate(resolve));
    return { result, forgot: !context.open };
  }

  /** Files that are new or changed since the last look. */
  async changes(): Promise<readonly ToolFile[]> {
    const before = this.#seen;
    const entries = await this.#list();
    this.#seen = seenIn(entries);
    if (!before || !entries) return [];
    const { workspace } = this.session.facts;
    return entries
      .filter((entry) => before.get(entry.path) !== stampOf(entry))
      .map(({ path, size }) => ({ path: `${workspace}/${path}`, size }));
  }

  /** A file of our own, which is no change that is worth telling. */
  async write(path: string, content: Uint8Array): Promise<void> {
    await this.session.files.writeFile(path, content);
    if (!this.#seen) return;
    const entry = await this.session.files.stat(path);
    this.#seen = new Map([...this.#seen, [path, stampOf(entry)]]);
  }

  /** Whether there is a file of that name in the workspace, as far as was seen. */
  has(path: string): boolean {
    return this.#seen?.has(path) ?? false;
  }

  /** Ends what the tools started in the session; the session itself is its owner's. */
  async close(): Promise<void> {
    if (this.session.isOpen) await this.#context?.close();
  }

  #openContext(): Context {
    if (!this.#context?.open) this.#context = this.session.createContext();
    return this.#context;
  }

  async #list(): Promise<readonly FileEntry[] | undefined> {
    try {
      const entries = await this.session.files.list(".", { recursive: true, maxEntries: mostEntries });
      return entries.filter(({ type, path }) => type === "file" && !isByproduct(path));
    } catch (error) {
      if (SandboxError.is(error, "FILE_TOO_LARGE") || SandboxError.is(error, "PERMISSION_DENIED"))
        return undefined;
      throw error;
    }
  }
}

function seenIn(entries: readonly FileEntry[] | undefined): ReadonlyMap<string, string> | undefined {
  return entries && new Map(entries.map((entry) => [entry.path, stampOf(entry)]));
}

/** Caches and hidden files: of no interest to a model. */
function isByproduct(path: string): boolean {
  return path
    .split("/")
    .some((part) => part.startsWith(".") || part === "__pycache__" || part === "node_modules");
}
