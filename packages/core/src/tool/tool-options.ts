import { checkKnown } from "../option-checks.ts";
import { sessionOptionNames } from "../session-options.ts";
import type { ToolOptions } from "./sandbox-tools.ts";
import type { ToolSessionsOptions } from "./tool-sessions.ts";

const ofSessions = [
  "languages",
  "session",
  "open",
  "keepState",
  "idleMs",
  "maxSessions",
] as const satisfies readonly (keyof ToolSessionsOptions)[];

const ofTools = [
  "sessions",
  "name",
  "extraInstructions",
  "maxTimeoutMs",
  "maxOutputLength",
  "onError",
] as const satisfies readonly (keyof ToolOptions)[];

/** Throws `INVALID_OPTION` for an option that neither sessions of tools nor the session itself have. */
export function checkSessionsOptions(owner: string, options: object): void {
  checkKnown(owner, options, [...ofSessions, ...sessionOptionNames]);
}

/** How what the application called differs from the tools' own options. */
export interface OptionChanges {
  /** What it takes beside them. */
  readonly more?: readonly string[];
  /** What it does not take: it would have no effect. */
  readonly without?: readonly string[];
}

/** Throws `INVALID_OPTION`, in the name of what the application called, for an option that it does not have. */
export function checkToolOptions(
  owner: string,
  options: object,
  { more = [], without = [] }: OptionChanges = {},
): void {
  const known = [...more, ...ofTools, ...ofSessions, ...sessionOptionNames];
  checkKnown(
    owner,
    options,
    known.filter((name) => !without.includes(name)),
  );
}

/** The same for what opens sessions and has no tools. */
export function checkSessionOptions(owner: string, options: object, more: readonly string[]): void {
  checkKnown(owner, options, [...more, ...sessionOptionNames]);
}
