import type { Context } from "../context.ts";
import type { ExecutionResult } from "../execution.ts";
import type { RunOptions } from "../run-options.ts";
import type { SandboxSession } from "../session.ts";
import { FileWatch } from "./file-watch.ts";

/** An open session as tools use it: with a context where state is kept, and an eye on what changes in its files. */
export class LiveSession {
  readonly session: SandboxSession;
  readonly watch: FileWatch;
  readonly #keepState: boolean;
  #context: Context | undefined;

  constructor(session: SandboxSession, keepState: boolean) {
    this.session = session;
    this.watch = new FileWatch(session);
    this.#keepState = keepState;
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

  /** Ends what the tools started in the session; the session itself is its owner's. */
  async close(): Promise<void> {
    if (this.session.isOpen) await this.#context?.close();
  }

  #openContext(): Context {
    if (!this.#context?.open) this.#context = this.session.createContext();
    return this.#context;
  }
}
