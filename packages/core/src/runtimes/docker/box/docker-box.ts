import { setTimeout as sleep } from "node:timers/promises";
import type { Box, BoxExit, BoxIdentity } from "../../../runtime.ts";
import { hasStatus } from "../../engine/engine-error.ts";
import type { Engine } from "../../engine/engine.ts";
import type { AttachedStream } from "./attached-stream.ts";
import { removeContainer } from "./remove-container.ts";

interface WaitAnswer {
  readonly StatusCode?: number;
  readonly Error?: { readonly Message?: string } | null;
}

/** A wait lasts as long as its box does; the engine keeps it open. */
const forEver = 2 ** 31 - 1;
const lostAfterMs = 10_000;

/** Follows one container to its end. Call `watch` before the container is started. */
export class DockerBox implements Box {
  readonly id: string;
  readonly stream: AttachedStream;
  readonly identity: BoxIdentity;
  readonly gone: Promise<BoxExit>;
  readonly #engine: Engine;
  readonly #stopWatching: AbortController = new AbortController();
  #destroying: Promise<void> | null = null;

  constructor(engine: Engine, id: string, stream: AttachedStream, identity: BoxIdentity) {
    this.#engine = engine;
    this.id = id;
    this.stream = stream;
    this.identity = identity;
    // Whoever uses the stream hears of its end; nobody may be using it yet, or any more.
    stream.on("error", () => {});
    this.gone = this.#watch();
  }

  diagnostics(): string {
    return this.stream.diagnostics();
  }

  destroy(): Promise<void> {
    this.#destroying ??= this.#destroy();
    return this.#destroying;
  }

  async #destroy(): Promise<void> {
    this.stream.destroy();
    const removed = removeContainer(this.#engine.client, this.id).catch((error: unknown) => {
      this.#stopWatching.abort(error);
      throw error;
    });
    // Whichever is heard of first: the box's end, or that the engine has nothing of it left.
    const ended = this.gone.then(({ reason }) => (reason === "lost" ? removed : undefined));
    await Promise.race([removed, ended]);
    // A wait that an engine forgets to answer must not hold anybody up.
    const late = setTimeout(() => this.#stopWatching.abort(), 1000);
    await this.gone;
    clearTimeout(late);
  }

  async #watch(): Promise<BoxExit> {
    const exit = await this.#exit();
    this.#stopWatching.abort();
    return this.#destroying && exit.reason !== "lost" ? { ...exit, reason: "destroyed" } : exit;
  }

  async #exit(): Promise<BoxExit> {
    for (;;) {
      try {
        return await this.#waited();
      } catch (error) {
        // The connection broke: the engine may have restarted, with or without the box.
        const there = hasStatus(error, 404) ? "removed" : await this.#lookedFor();
        const { message } = error as Error;
        if (there === "removed") return { reason: "removed", exitCode: null };
        if (there === "lost") return { reason: "lost", exitCode: null, message };
      }
    }
  }

  async #waited(): Promise<BoxExit> {
    // Podman has forgotten the exit code once the container is removed.
    const exited = this.#engine.kind === "podman" ? this.#wait("next-exit").catch(() => null) : null;
    const removed = await this.#wait("removed");
    const known = exited && (await Promise.race([exited, sleep(200, null, { ref: false })]));
    return exitOf(known ?? removed);
  }

  #wait(condition: "next-exit" | "removed"): Promise<WaitAnswer> {
    return this.#engine.client.json<WaitAnswer>(
      { method: "POST", path: `/containers/${this.id}/wait`, query: { condition } },
      {
        what: "wait for the box's end",
        timeoutMs: forEver,
        signal: this.#stopWatching.signal,
      },
    );
  }

  /** Asks until the engine answers, or long enough. */
  async #lookedFor(): Promise<"there" | "removed" | "lost"> {
    const { signal } = this.#stopWatching;
    for (const started = Date.now(); Date.now() - started < lostAfterMs;) {
      try {
        await sleep(250, undefined, { signal, ref: false });
        await this.#engine.client.json(
          { method: "GET", path: `/containers/${this.id}/json` },
          { what: "look for the box", timeoutMs: 2000, signal },
        );
        return "there";
      } catch (error) {
        if (hasStatus(error, 404)) return "removed";
        if (signal.aborted) break;
      }
    }
    return "lost";
  }
}

function exitOf({ StatusCode, Error: failure }: WaitAnswer): BoxExit {
  const exitCode = typeof StatusCode === "number" ? StatusCode : null;
  // 128 + 9 and 128 + 15: the agent itself never ends with these.
  const reason = exitCode === 137 || exitCode === 143 ? "killed" : "exited";
  return { reason, exitCode, ...(failure?.Message ? { message: failure.Message } : {}) };
}
