import { SandboxError } from "../errors.ts";
import { findLanguage } from "../languages/index.ts";
import { checkOptional, invalid } from "../option-checks.ts";
import type { SessionFacts } from "../session-facts.ts";
import type { SandboxSessionOptions } from "../session-options.ts";
import { SandboxSession } from "../session.ts";

/** What `open` is asked for. */
export interface OpenRequest {
  /** The conversation's name, as the framework or the application gave it. */
  readonly conversation: string;
  readonly language: string;
}

/** Where tools get their sessions. Without any of it, sessions are opened by `auto()`'s choice of a runtime. */
export interface SessionSourceOptions extends SandboxSessionOptions {
  /** Several languages in place of `lang`: each has a box of its own. */
  readonly languages?: readonly string[];
  /** A session that is open: the tools use it and never close it. No other option of a session goes with it. */
  readonly session?: SandboxSession;
  /** Opens a session for a conversation; the tools close it. Of the session's options only `lang` or `languages` goes with it. */
  readonly open?: (request: OpenRequest) => SandboxSession | Promise<SandboxSession>;
}

/** What is known before a session is open. */
export type KnownFacts = Pick<SessionFacts, "language" | "contexts" | "workspace"> & Partial<SessionFacts>;

/** Where sessions come from, and what can be said of them beforehand. */
export interface SessionSource {
  readonly languages: readonly string[];
  /** True: there is one session, which somebody else owns. */
  readonly given: boolean;
  facts(language: string): KnownFacts;
  open(request: OpenRequest): Promise<SandboxSession>;
}

/** Checks the options; throws a SandboxError for those that cannot be, or that do not go together. */
export function sessionSource(options: SessionSourceOptions): SessionSource {
  const { languages, session, open, ...sessionOptions } = options;
  checkOptional(options, "open", "function");
  if (session !== undefined) return givenSession(options);
  const names = chosenLanguages(options.lang, languages);
  const { lang: _, ...rest } = sessionOptions;
  if (open !== undefined) {
    refuseOthers("open", rest);
    return { languages: names, given: false, facts: languageFacts, open: (request) => opened(open, request) };
  }
  // Constructing checks the options and starts nothing.
  const models = new Map(names.map((lang) => [lang, new SandboxSession({ ...rest, lang })]));
  return {
    languages: names,
    given: false,
    facts: (language) => models.get(language)!.facts,
    open: ({ language }) => SandboxSession.open({ ...rest, lang: language }),
  };
}

function givenSession({ session, ...others }: SessionSourceOptions): SessionSource {
  // Another copy of this package makes sessions too.
  if (typeof session?.run !== "function" || typeof session.facts !== "object") {
    throw invalid("session is not a session.", "Pass what SandboxSession.open() gave.");
  }
  refuseOthers("session", others);
  return {
    languages: [session.language],
    given: true,
    facts: () => session.facts,
    open: async () => session,
  };
}

async function opened(
  open: NonNullable<SessionSourceOptions["open"]>,
  request: OpenRequest,
): Promise<SandboxSession> {
  const session = await open(request);
  if (session.language === request.language) return session;
  await session.close();
  throw invalid(
    `open() gave a session of ${session.language} where ${request.language} was asked for.`,
    "Pass the language as lang beside open.",
  );
}

function chosenLanguages(
  lang: string | undefined,
  languages: readonly string[] | undefined,
): readonly string[] {
  if (languages === undefined) return [findLanguage(lang ?? "python").name];
  if (lang !== undefined) throw invalid("Both lang and languages are given.", "Pass one of them.");
  if (!Array.isArray(languages) || languages.length === 0) throw invalid("languages names no language.");
  return [...new Set(languages.map((name) => findLanguage(name).name))];
}

function languageFacts(language: string): KnownFacts {
  const { contexts, workspace } = new SandboxSession({ lang: language }).facts;
  return { language, contexts, workspace };
}

function refuseOthers(owner: string, others: object): void {
  const [name] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
  if (name !== undefined) {
    throw new SandboxError("INVALID_OPTION", `${owner} and ${name} are both given.`, {
      remedy: `Leave ${name} out: the session decides it.`,
    });
  }
}
