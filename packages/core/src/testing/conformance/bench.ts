import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SandboxSession } from "../../session.ts";
import type { SandboxSessionOptions } from "../../session-options.ts";
import type { Runtime } from "../../runtime.ts";
import type { Bench, CaseLanguage, CaseSessionOptions } from "./conformance-case.ts";
import type { SharedSessions } from "./shared-sessions.ts";

/** Images that have a language's interpreter, by language; a language without one gets its default image. */
export type CaseImages = Readonly<Partial<Record<CaseLanguage, string>>>;

/** The bench of one case. */
export class CaseBench implements Bench {
  readonly runtime: Runtime;
  readonly secret: string;
  readonly #images: CaseImages;
  readonly #sharedSessions: SharedSessions;
  readonly #cleanups: (() => Promise<void>)[] = [];
  #failed = false;

  constructor(runtime: Runtime, secret: string, images: CaseImages, shared: SharedSessions) {
    this.runtime = runtime;
    this.secret = secret;
    this.#images = images;
    this.#sharedSessions = shared;
  }

  options(options: CaseSessionOptions = {}): SandboxSessionOptions {
    const lang = options.lang ?? "python";
    const image = this.#images[lang];
    return { runtime: this.runtime, ...options, lang, ...(image === undefined ? {} : { image }) };
  }

  async open(options: CaseSessionOptions = {}): Promise<SandboxSession> {
    const session = new SandboxSession(this.options(options));
    this.#cleanups.push(() => session.close());
    await session.open();
    return session;
  }

  async shared(options: CaseSessionOptions = {}): Promise<SandboxSession> {
    const key = JSON.stringify(options);
    const session = await this.#sharedSessions.take(key, () => SandboxSession.open(this.options(options)));
    this.#cleanups.push(() => this.#sharedSessions.giveBack(key, session, !this.#failed));
    return session;
  }

  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "llm-sandbox-conformance-"));
    this.#cleanups.push(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  /** Closes what the case left open; a session of a case that failed is not handed on. */
  async end(failed: boolean): Promise<void> {
    this.#failed = failed;
    await Promise.allSettled(this.#cleanups.map((cleanup) => cleanup()));
  }
}
