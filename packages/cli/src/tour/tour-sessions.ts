import type { Runtime, SandboxSession } from "@llm-sandbox/core";
import { openSession } from "../open-session.ts";

const patienceMs = 3000;

/**
 * One session a language, opened when its turn comes. An opening that takes long is making an image: the other
 * languages' images are then made beside it.
 */
export class TourSessions implements AsyncDisposable {
  readonly #runtime: Runtime;
  readonly #languages: readonly string[];
  readonly #signal: AbortSignal;
  readonly #ended = new AbortController();
  readonly #sessions = new Map<string, Promise<SandboxSession>>();

  constructor(runtime: Runtime, languages: readonly string[], signal: AbortSignal) {
    this.#runtime = runtime;
    this.#languages = languages;
    this.#signal = AbortSignal.any([signal, this.#ended.signal]);
  }

  /** Whether the language's session is open, or being opened beside another. */
  has(lang: string): boolean {
    return this.#sessions.has(lang);
  }

  async open(lang: string): Promise<SandboxSession> {
    const timer = setTimeout(() => {
      for (const other of this.#languages) this.#session(other, false);
    }, patienceMs);
    try {
      return await this.#session(lang, true);
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    const settled = await Promise.allSettled(this.#sessions.values());
    await Promise.all(
      settled.map((outcome) => (outcome.status === "fulfilled" ? outcome.value.close() : undefined)),
    );
  }

  #session(lang: string, visible: boolean): Promise<SandboxSession> {
    const known = this.#sessions.get(lang);
    if (known !== undefined) return known;
    const session = openSession({ lang, runtime: this.#runtime, signal: this.#signal }, { visible });
    // Whoever waits for it is told; nobody may.
    session.catch(() => {});
    this.#sessions.set(lang, session);
    return session;
  }
}
