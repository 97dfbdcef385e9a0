import { SandboxError } from "@llm-sandbox/core";
import { checkToolOptions, sandboxTools } from "@llm-sandbox/core/tool";
import type { SandboxTools, SandboxToolsOptions, ToolSessions } from "@llm-sandbox/core/tool";
import { SandboxStructuredTool } from "./sandbox-structured-tool.ts";
import type { AnswerOptions } from "./sandbox-structured-tool.ts";

/** Everything that `createSandboxTool` takes. */
export interface SandboxToolOptions extends SandboxToolsOptions, AnswerOptions {}

/** Code, command and file tools of one sandbox. Disposing closes the sessions that were opened for them. */
export interface SandboxStructuredTools extends AsyncDisposable {
  /** For `tools` of `createAgent`. */
  readonly tools: SandboxStructuredTool[];
  /** The open sessions: to fetch files from, or to close. */
  readonly sessions: ToolSessions;
}

/** A tool that runs code. Nothing starts before its first call; disposing closes the sessions that it opened. Throws a SandboxError for options that cannot be. */
export function createSandboxTool(options: SandboxToolOptions = {}): SandboxStructuredTool {
  const { made, answers } = open("createSandboxTool", options);
  return new SandboxStructuredTool(made.code, answers, made);
}

/** Tools for code, commands and files of one sandbox; otherwise as `createSandboxTool`. */
export function createSandboxTools(options: SandboxToolOptions = {}): SandboxStructuredTools {
  const { made, answers } = open("createSandboxTools", options);
  const { code, command, listFiles, readFile, writeFile } = made;
  return {
    tools: [code, command, listFiles, readFile, writeFile].map(
      (tool) => new SandboxStructuredTool(tool, answers, made),
    ),
    sessions: made.sessions,
    [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
  };
}

function open(
  owner: string,
  given: SandboxToolOptions,
): {
  readonly made: SandboxTools;
  readonly answers: AnswerOptions;
} {
  checkToolOptions(owner, given, { more: ["images", "conversation"] });
  const { images, conversation, ...options } = given;
  check("images", images, "boolean");
  check("conversation", conversation, "function");
  return {
    made: sandboxTools(options),
    answers: { ...(images === undefined ? {} : { images }), ...(conversation ? { conversation } : {}) },
  };
}

function check(name: string, value: unknown, type: "boolean" | "function"): void {
  if (value === undefined || typeof value === type) return;
  throw new SandboxError("INVALID_OPTION", `${name} is not a ${type}.`);
}
