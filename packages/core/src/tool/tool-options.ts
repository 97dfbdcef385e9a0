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

/** Throws `INVALID_OPTION`, in the name of what the application called, for an option that is neither the tools' own nor in `more`. */
export function checkToolOptions(owner: string, options: object, more: readonly string[] = []): void {
  checkKnown(owner, options, [...more, ...ofTools, ...ofSessions, ...sessionOptionNames]);
}
