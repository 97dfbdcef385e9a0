import { SandboxError } from "../../errors.ts";
import { Child } from "./child.ts";
import type { ChildOptions } from "./child.ts";
import { StartGate } from "./start-gate.ts";

/** A spare that nobody took for so long is ended. */
const idleMs = 300_000;

/** A short program has ended by then. */
const courtesyMs = 40;

/** Keeps one child of each kind started ahead: a taken one is replaced at once. None is ever used twice. */
export class SpareChildren {
  readonly #gate = new StartGate();
  readonly #taken = new WeakSet<Child>();
  readonly #spares = new Map<string, { readonly child: Child; readonly timer: NodeJS.Timeout }>();

  /** A child that is ready, started ahead if there is one. Rejects with BOX_START_FAILED, or when the signal aborts. */
  async take(kind: string, options: ChildOptions, signal?: AbortSignal): Promise<Child> {
    const spare = this.#spares.get(kind);
    this.#forget(kind, spare?.child);
    let child = spare?.child;
    if (child) this.#taken.add(child);
    else {
      const leave = await this.#gate.enter(signal);
      child = new Child(options);
      void settled(child).then(leave);
    }
    const abort = (): void => child.kill();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await ready(child);
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#prepareSoon(kind, options);
    }
    return child;
  }

  /** The next is started when a short program has ended, so that it does not take its processor. */
  #prepareSoon(kind: string, options: ChildOptions): void {
    setTimeout(() => {
      // Whoever waits takes what would be started ahead.
      if (this.#gate.waiting === 0) this.prepare(kind, options);
    }, courtesyMs).unref();
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
    for (;;) {
      this.prepare(kind, options);
      const { child } = this.#spares.get(kind)!;
      try {
        return await ready(child);
      } catch (error) {
        // Whoever took it meanwhile may have ended it.
        if (!this.#taken.has(child)) throw error;
      }
    }
  }

  /** Ends those that wait, as when what they were made from has changed. */
  drop(): void {
    for (const [kind, { child }] of this.#spares) {
      this.#forget(kind, child);
      child.kill();
    }
  }

  #forget(kind: string, child: Child | undefined): void {
    const spare = this.#spares.get(kind);
    if (!spare || spare.child !== child) return;
    clearTimeout(spare.timer);
    this.#spares.delete(kind);
  }
}

async function settled(child: Child): Promise<void> {
  await child.ready.catch(() => {});
}

async function ready(child: Child): Promise<void> {
  // Until it is there, this program waits for it.
  const waiting = setInterval(() => {}, 60_000);
  try {
    await child.ready;
  } catch (cause) {
    child.kill();
    const said = (cause as Error).message.split("\n", 3).join(" ").slice(0, 500);
    throw new SandboxError("BOX_START_FAILED", `Deno did not start as it should: ${said}`, {
      remedy: "Install the packages again (npm install deno pyodide just-bash), or see docs/embedded.md.",
      cause,
    });
  } finally {
    clearInterval(waiting);
  }
}
