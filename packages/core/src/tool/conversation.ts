import type { SandboxSession } from "../session.ts";
import { LiveSession } from "./live-session.ts";

/** What a conversation's session is made by. */
export interface ConversationOptions {
  /** Opens a session, or hands over the one that was given. */
  readonly open: () => Promise<SandboxSession>;
  /** A given session is never closed, and cannot be replaced. */
  readonly given: boolean;
  readonly keepState: boolean;
  readonly idleMs: number;
  /** Called when the session was closed because nobody used it. */
  readonly onIdle: () => void;
}

/** Why the session of the calls before is not this one; `unknown`: another program had it, such as this one before it was started again. */
export type Ended = "idle" | "closed" | "lost" | "unknown";

/** One call's wishes. */
export interface ConversationUse {
  readonly signal: AbortSignal | undefined;
  /** Whether the model has results of calls before this one, wherever they ran. */
  readonly continued: boolean;
}

/** One conversation's session of one language: opened at the first use, closed after idling, replaced when its box died. */
export class Conversation {
  /** Larger than that of conversations that were used earlier. */
  lastUse = 0;
  readonly #options: ConversationOptions;
  #live: Promise<LiveSession> | undefined;
  #current: LiveSession | undefined;
  /** Why the session before was ended, as long as the model was not told. */
  #ended: Ended | undefined;
  #busy = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ConversationOptions, ended?: Ended) {
    this.#options = options;
    this.#ended = ended;
  }

  /** The open session, or undefined. */
  get session(): SandboxSession | undefined {
    return this.#current?.session;
  }

  /** Why the session before was ended, as long as the model was not told. */
  get untold(): Ended | undefined {
    return this.#ended;
  }

  /** Whether a call is under way. */
  get busy(): boolean {
    return this.#busy > 0;
  }

  /** Whether there is anything to be closed: a session that is open or opens, or a call that waits for one. */
  get active(): boolean {
    return this.busy || this.#live !== undefined;
  }

  /** Works in the session; `notices` is what the model has to know about it first. */
  async use<Result>(
    work: (live: LiveSession, notices: readonly string[]) => Promise<Result>,
    { signal, continued }: ConversationUse,
  ): Promise<Result> {
    this.#busy += 1;
    clearTimeout(this.#timer);
    let ended: Ended | undefined;
    try {
      const opening = this.#openLive();
      if (continued && !this.#options.given) this.#ended ??= "unknown";
      const live = await whileWanted(opening, signal);
      ended = this.#ended;
      this.#ended = undefined;
      return await work(live, ended === undefined ? [] : [noticeTexts[ended]]);
    } catch (error) {
      // The model does not see what a cancelled call had to say.
      if (signal?.aborted) this.#ended ??= ended;
      throw error;
    } finally {
      this.#busy -= 1;
      if (this.#busy === 0 && this.#live) this.#startIdling();
    }
  }

  /** The model was told that the box is gone: the next session needs no further notice. */
  forgetLoss(): void {
    // Without a current one there is none, or one that opens already.
    if (this.#current && !this.#current.session.isOpen) this.#drop();
  }

  /** Ends what was created for the conversation. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    const live = await this.#live?.catch(() => undefined);
    this.#drop();
    await live?.close();
    if (!this.#options.given) await live?.session.close();
  }

  #openLive(): Promise<LiveSession> {
    if (this.#current && !this.#current.session.isOpen && !this.#options.given) {
      this.#drop();
      this.#ended = "lost";
    }
    if (!this.#live) {
      const opening = this.#open();
      this.#live = opening;
      opening.catch(() => {
        if (this.#live === opening) this.#drop();
      });
    }
    return this.#live;
  }

  async #open(): Promise<LiveSession> {
    const { open, given, keepState } = this.#options;
    const session = await open();
    const live = new LiveSession(session, keepState);
    try {
      await live.watch.look();
    } catch (error) {
      if (!given) await session.close().catch(() => {});
      throw error;
    }
    this.#current = live;
    return live;
  }

  #drop(): void {
    this.#live = undefined;
    this.#current = undefined;
  }

  #startIdling(): void {
    const { given, idleMs, onIdle } = this.#options;
    if (given) return;
    this.#timer = setTimeout(() => {
      if (this.#busy > 0) return;
      onIdle();
      this.close().catch(() => {});
    }, idleMs).unref();
  }
}

const noticeTexts: Readonly<Record<Ended, string>> = {
  lost: "The sandbox of the earlier calls has ended by itself. This call ran in a new, empty one: earlier files and variables are gone.",
  idle: "The sandbox of the earlier calls was closed because it was not used for a while. This call ran in a new, empty one: earlier files and variables are gone.",
  unknown:
    "This call ran in a new sandbox, not in that of the earlier calls: their variables are gone, and so are their files unless you find them here.",
  closed:
    "The sandbox of the earlier calls was closed. This call ran in a new, empty one: earlier files and variables are gone.",
};

/** The promise's outcome, unless the signal aborts before it; what it does goes on for others who wait for it. */
async function whileWanted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return promise;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
