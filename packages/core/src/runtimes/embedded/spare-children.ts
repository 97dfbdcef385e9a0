import { SandboxError } from "../../errors.ts";
import { Child, DamagedFileError } from "./child.ts";
import type { ChildOptions } from "./child.ts";

/** A spare that nobody took for so long is ended. */
const idleMs = 300_000;

/** Keeps one child of each kind started ahead: a taken one is replaced at once. None is ever used twice. */
export class SpareChildren {
  readonly #spares = new Map<string, { readonly child: Child; readonly timer: NodeJS.Timeout }>();

  /** A child that is ready, started ahead if there is one. Rejects with BOX_START_FAILED. */
  async take(kind: string, options: ChildOptions): Promise<Child> {
    const spare = this.#spares.get(kind);
    this.#spares.delete(kind);
    clearTimeout(spare?.timer);
    const child = spare?.child ?? new Child(options);
    try {
      await ready(child);
    } finally {
      this.prepare(kind, options);
    }
    return child;
  }

  /** Starts one ahead unless there is one. */
  prepare(kind: string, options: ChildOptions): void {
    if (this.#spares.has(kind)) return;
    const child = new Child(options);
    const timer = setTimeout(() => {
      this.#forget(kind, child);
      child.kill();
    }, idleMs).unref();
    this.#spares.set(kind, { child, timer });
    void child.exited.then(() => this.#forget(kind, child));
  }

  /** Resolves when the spare of a kind is ready; starts it if need be. Rejects with BOX_START_FAILED. */
  async ready(kind: string, options: ChildOptions): Promise<void> {
    this.prepare(kind, options);
    await ready(this.#spares.get(kind)!.child);
  }

  /** Ends those that wait, as when what they were made from has changed. */
  drop(): void {
    for (const [kind, { child }] of this.#spares) {
      this.#forget(kind, child);
      child.kill();
    }
  }

  #forget(kind: string, child: Child): void {
    const spare = this.#spares.get(kind);
    if (spare?.child !== child) return;
    clearTimeout(spare.timer);
    this.#spares.delete(kind);
  }
}

async function ready(child: Child): Promise<void> {
  // Until it is there, this program waits for it.
  const waiting = setInterval(() => {}, 60_000);
  try {
    await child.ready;
  } catch (cause) {
    child.kill();
    if (cause instanceof DamagedFileError) throw cause;
    const said = (cause as Error).message.split("\n", 3).join(" ").slice(0, 500);
    throw new SandboxError("BOX_START_FAILED", `Deno did not start as it should: ${said}`, {
      remedy: "Install the packages again (npm install deno pyodide just-bash), or see docs/embedded.md.",
      cause,
    });
  } finally {
    clearInterval(waiting);
  }
}
