import { checkOptional, invalid } from "../option-checks.ts";
import { codeTool } from "./code-tool.ts";
import { commandTool } from "./command-tool.ts";
import type { Described } from "./describe-code.ts";
import { harmlessly } from "../harmlessly.ts";
import { fileTools } from "./file-tools.ts";
import { checkFigures, checkToolName } from "./sandbox-tool.ts";
import type { SandboxTool, ToolSettings } from "./sandbox-tool.ts";
import { checkToolOptions } from "./tool-options.ts";
import { ToolSessions } from "./tool-sessions.ts";
import type { ToolSessionsOptions } from "./tool-sessions.ts";

/** How tools behave, whatever sessions they have. */
export interface ToolOptions {
  /** Sessions shared with other tools, whose owner disposes them. No option of sessions goes with it. */
  readonly sessions?: ToolSessions;
  /** The code tool's name. Default `execute_code`. */
  readonly name?: string;
  /** A sentence or more that the description ends with: installed libraries, house rules. */
  readonly extraInstructions?: string;
  /** Longest time limit that a model may ask for, in milliseconds. Default 120,000, or the session's own if that is longer. */
  readonly maxTimeoutMs?: number;
  /** Characters of output that the model is given; head and tail are kept. Default 30,000. */
  readonly maxOutputLength?: number;
  /** Told of the sandbox's own failures, for logs: the model is told without details. */
  readonly onError?: (error: unknown) => void;
}

/** Everything that `sandboxTools` takes. */
export interface SandboxToolsOptions extends ToolOptions, ToolSessionsOptions {}

/** The tools of one set of sessions. Disposing them closes the sessions, unless those were given. */
export interface SandboxTools extends AsyncDisposable {
  readonly code: SandboxTool;
  readonly command: SandboxTool;
  readonly listFiles: SandboxTool;
  readonly readFile: SandboxTool;
  readonly writeFile: SandboxTool;
  readonly sessions: ToolSessions;
}

/** The tools that adapters reshape. Checks every option and starts nothing; throws a SandboxError. */
export function sandboxTools(options: SandboxToolsOptions = {}): SandboxTools {
  const { sessions: shared, name = "execute_code", extraInstructions, onError, ...more } = options;
  const { maxTimeoutMs, maxOutputLength = 30_000, ...sessionOptions } = more;
  checkToolOptions("sandboxTools", options);
  checkToolName(name);
  checkOptional({ extraInstructions }, "extraInstructions", "string");
  checkOptional({ onError }, "onError", "function");
  const sessions =
    shared === undefined ? new ToolSessions(sessionOptions) : checkShared(shared, sessionOptions);
  const facts = sessions.languages.map((language) => sessions.facts(language));
  const longest = Math.max(120_000, ...facts.map(({ timeoutMs = 0 }) => Math.ceil(timeoutMs)));
  const settings: ToolSettings = {
    sessions,
    maxTimeoutMs: maxTimeoutMs ?? longest,
    maxOutputLength,
    onError: harmlessly(onError),
  };
  checkFigures(settings);
  const described: Described = { facts, keepState: sessions.keepState, ...settings, extraInstructions };
  return {
    sessions,
    code: codeTool(settings, described, name),
    command: commandTool(settings, described),
    ...fileTools(settings),
    async [Symbol.asyncDispose]() {
      if (shared === undefined) await sessions[Symbol.asyncDispose]();
    },
  };
}

function checkShared(sessions: ToolSessions, others: object): ToolSessions {
  if (typeof sessions?.use !== "function") throw invalid("sessions is not a ToolSessions.");
  const [name] = Object.keys(others);
  if (name === undefined) return sessions;
  throw invalid(`sessions and ${name} are both given.`, `Pass ${name} to the ToolSessions.`);
}
