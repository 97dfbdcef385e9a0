import { SandboxError } from "../errors.ts";
import { findLanguage } from "../languages/index.ts";
import { checkNumber, checkOptional, invalid } from "../option-checks.ts";
import { mostTimeoutMs } from "../session-options.ts";
import type { SandboxSession } from "../session.ts";
import { Conversation } from "./conversation.ts";
import type { Ended } from "./conversation.ts";
import type { LiveSession } from "./live-session.ts";
import { checkSessionsOptions } from "./tool-options.ts";
import { sessionSource } from "./session-source.ts";
import type { KnownFacts, SessionSource, SessionSourceOptions } from "./session-source.ts";

/** Which sessions tools have, and how long. */
export interface ToolSessionsOptions extends SessionSourceOptions {
  /** Keep variables, imports and functions from call to call, as a notebook does. Default: every call is a fresh process. */
  readonly keepState?: boolean;
  /** A session that nobody used for so long is closed, in milliseconds. Default ten minutes. */
  readonly idleMs?: number;
  /**
   * Sessions that may be open at once. A further conversation closes the one that has been idle longest; where none is idle
   * it is refused. Default 100.
   */
  readonly maxSessions?: number;
}

/** The name of the conversation where none is given. */
export const defaultConversation = "default";

/** One open session. */
export interface OpenToolSession {
  readonly conversation: string;
  readonly language: string;
  readonly session: SandboxSession;
  /** Whether a call is under way. */
  readonly busy: boolean;
}

/** How many ended conversations are remembered, so that their next call is told. */
const mostRemembered = 1_000;

/** What a conversation that has no session is to be told; `told`: it knows all there is. */
type Remembered = Ended | "told";

/**
 * The sessions behind tools: one per conversation and language, opened at the first call, closed by `close()` or after
 * idling, never shared between conversations. Disposing closes what was opened here, and never a session that was given.
 */
export class ToolSessions implements AsyncDisposable {
  readonly keepState: boolean;
  readonly #source: SessionSource;
  readonly #idleMs: number;
  readonly #maxSessions: number;
  readonly #conversations = new Map<string, Conversation>();
  readonly #remembered = new Map<string, Remembered>();
  #uses = 0;
  #disposed = false;

  constructor(options: ToolSessionsOptions = {}) {
    checkSessionsOptions("ToolSessions", options);
    const { keepState = false, idleMs = 600_000, maxSessions = 100, ...source } = options;
    checkOptional({ keepState }, "keepState", "boolean");
    checkNumber("idleMs", idleMs, { least: 1, most: mostTimeoutMs });
    checkNumber("maxSessions", maxSessions, { least: 1, most: 1_000_000, whole: true });
    this.#source = sessionSource(source);
    this.keepState = keepState;
    this.#idleMs = idleMs;
    this.#maxSessions = maxSessions;
    if (keepState) this.languages.forEach((language) => checkContexts(this.facts(language)));
  }

  /** True: there is one session, which is somebody else's, is never closed here and cannot be replaced. */
  get given(): boolean {
    return this.#source.given;
  }

  /** Whether a conversation whose session ends gets a new one: not where it was given, nor after disposing. */
  get replaces(): boolean {
    return !this.given && !this.#disposed;
  }

  /** The languages that calls may name; the first is the default. */
  get languages(): readonly string[] {
    return this.#source.languages;
  }

  /** What is known of a language's sessions, open or not. */
  facts(language: string): KnownFacts {
    return this.#source.facts(language);
  }

  /** Works in the conversation's session, which is opened or replaced as needed; `notices` must be told to the model. */
  async use<Result>(
    request: {
      readonly conversation?: string;
      readonly language?: string;
      readonly signal?: AbortSignal | undefined;
      /** Whether the conversation has results of earlier calls, also of another program's. Default false. */
      readonly continued?: boolean;
    },
    work: (live: LiveSession, notices: readonly string[]) => Promise<Result>,
  ): Promise<Result> {
    const { conversation = defaultConversation, language = this.languages[0]!, signal } = request;
    // A language that this program's sessions of the conversation did not have yet is no loss.
    const isKnown = this.languages.some((name) => this.#knows(keyOf(conversation, name)));
    const continued = request.continued === true && !isKnown;
    const found = this.#conversation(conversation, language);
    try {
      return await found.use(work, { signal, continued });
    } catch (error) {
      // The model does not see what a cancelled call had to say.
      const told = isLoss(error) && !signal?.aborted;
      if (told) found.forgetLoss();
      this.#settle(keyOf(conversation, language), found, told);
      throw error;
    }
  }

  /** The conversation's open session, for what tools do not do: files for the application, say. */
  session(
    conversation: string = defaultConversation,
    language: string = this.languages[0]!,
  ): SandboxSession | undefined {
    return this.#conversations.get(keyOf(conversation, language))?.session;
  }

  /** Every session that is open. */
  list(): readonly OpenToolSession[] {
    return [...this.#conversations].flatMap(([key, { session, busy }]) =>
      session ? [{ ...namesOf(key), session, busy }] : [],
    );
  }

  /** Ends a conversation's sessions; its next call gets a new one, and is told so. */
  async close(conversation: string = defaultConversation): Promise<void> {
    const keys = [...this.#conversations.keys()].filter((key) => namesOf(key).conversation === conversation);
    await Promise.all(keys.map((key) => this.#close(key, "closed")));
  }

  /** Ends everything that was opened here. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.all([...this.#conversations.keys()].map((key) => this.#close(key, "closed")));
  }

  async #close(key: string, ended: Ended): Promise<void> {
    const conversation = this.#conversations.get(key);
    this.#forget(key, ended);
    await conversation?.close();
  }

  /** After a call that failed: a conversation that has nothing any more goes, and what the model knows of it is remembered. */
  #settle(key: string, conversation: Conversation, told: boolean): void {
    if (conversation.active) return;
    const current = this.#conversations.get(key);
    if (current === conversation) this.#forget(key, conversation.untold ?? "told");
    else if (!current && told) this.#forget(key, "told");
  }

  #forget(key: string, ended: Remembered): void {
    this.#conversations.delete(key);
    if (this.#source.given) return;
    this.#remembered.delete(key);
    this.#remembered.set(key, ended);
    if (this.#remembered.size > mostRemembered)
      this.#remembered.delete(this.#remembered.keys().next().value!);
  }

  /** Forgets conversations that have nothing: those whose session could not be opened. */
  #sweep(): void {
    for (const [key, conversation] of this.#conversations) this.#settle(key, conversation, false);
  }

  #conversation(name: string, language: string): Conversation {
    if (this.#disposed) {
      throw new SandboxError("SESSION_NOT_OPEN", "The tools were disposed.", { remedy: "Create new ones." });
    }
    if (typeof name !== "string") throw invalid("The conversation's name is not a string.");
    if (this.#source.given && name !== defaultConversation) {
      throw invalid(
        "A session that was given serves one conversation, and one was named.",
        "Pass open in place of session, so that each conversation has its own.",
      );
    }
    const key = keyOf(name, language);
    let conversation = this.#conversations.get(key);
    if (!conversation) {
      if (this.#conversations.size >= this.#maxSessions) this.#sweep();
      if (this.#conversations.size >= this.#maxSessions) this.#makeRoom();
      const remembered = this.#remembered.get(key);
      conversation = new Conversation(
        {
          open: () => this.#source.open({ conversation: name, language }),
          given: this.#source.given,
          keepState: this.keepState,
          idleMs: this.#idleMs,
          onIdle: () => this.#forget(key, "idle"),
        },
        remembered === "told" ? undefined : remembered,
      );
      this.#remembered.delete(key);
      this.#conversations.set(key, conversation);
    }
    conversation.lastUse = ++this.#uses;
    return conversation;
  }

  #knows(key: string): boolean {
    return this.#conversations.has(key) || this.#remembered.has(key);
  }

  #makeRoom(): void {
    const idle = [...this.#conversations].filter(([, { busy }]) => !busy);
    const [oldest] = idle.toSorted(([, one], [, other]) => one.lastUse - other.lastUse);
    if (!oldest) throw tooMany(this.#maxSessions);
    this.#close(oldest[0], "idle").catch(() => {});
  }
}

const lossCodes: ReadonlySet<string> = new Set(["BOX_LOST", "PROTOCOL_ERROR", "SESSION_CLOSED"]);

/** Whether an error says: the box, and all that was in it, is gone. */
export function isLoss(error: unknown): boolean {
  return SandboxError.is(error) && lossCodes.has(error.code);
}

function keyOf(conversation: string, language: string): string {
  return JSON.stringify([findLanguage(language).name, conversation]);
}

function namesOf(key: string): { readonly conversation: string; readonly language: string } {
  const [language, conversation] = JSON.parse(key) as [string, string];
  return { conversation, language };
}

function checkContexts({ language, contexts }: KnownFacts): void {
  if (contexts) return;
  throw new SandboxError("UNSUPPORTED", `${language} cannot keep state from call to call.`, {
    remedy: "Leave keepState out: files stay between calls.",
  });
}

function tooMany(most: number): SandboxError {
  return new SandboxError("LIMIT_REACHED", `There are ${most} sessions open.`, {
    remedy: "Close conversations that have ended, or raise maxSessions.",
  });
}
