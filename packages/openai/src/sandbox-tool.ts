import { SandboxError } from "@llm-sandbox/core";
import { checkToolOptions, sandboxTools } from "@llm-sandbox/core/tool";
import type { SandboxTools, SandboxToolsOptions, ToolSessions } from "@llm-sandbox/core/tool";
import type { RunnableToolFunctionWithoutParse } from "openai/lib/RunnableFunction";
import type { ChatCompletionFunctionTool } from "openai/resources/chat/completions";
import type { FunctionTool } from "openai/resources/responses/responses";
import { functionTools } from "./function-tools.ts";
import type { AnswerOptions, Answers, FunctionTools, SandboxRunnerFunction } from "./function-tools.ts";

/** Everything that `createSandboxTool` takes. */
export interface SandboxToolOptions extends SandboxToolsOptions, AnswerOptions {}

/** The code tool in the terms of the `openai` client. */
export interface SandboxFunctionTool extends Pick<FunctionTools, "handles" | "handle" | "handleAll"> {
  readonly name: string;
  /** For `tools` of Chat Completions. */
  readonly definition: ChatCompletionFunctionTool;
  /** For `tools` of Responses. */
  readonly responsesDefinition: FunctionTool;
  /** For `tools` of `chat.completions.runTools`. */
  readonly runnable: RunnableToolFunctionWithoutParse;
  /** For `functions` of `ResponsesToolRunner`. */
  readonly runnerFunction: SandboxRunnerFunction;
  /** The same tool for one conversation, whose session no other conversation sees. */
  forConversation(conversation: string): SandboxFunctionTool;
  /** The open sessions: to fetch files from, or to close. */
  readonly sessions: ToolSessions;
}

/** Code, command and file tools in the terms of the `openai` client. */
export interface SandboxFunctionTools extends FunctionTools {
  /** The same tools for one conversation, whose session no other conversation sees. */
  forConversation(conversation: string): SandboxFunctionTools;
  /** The open sessions: to fetch files from, or to close. */
  readonly sessions: ToolSessions;
}

/** A tool that runs code. Nothing starts before its first call; disposing closes the sessions that it opened. Throws a SandboxError for options that cannot be. */
export function createSandboxTool(options: SandboxToolOptions = {}): SandboxFunctionTool & AsyncDisposable {
  const { tools, answers } = open("createSandboxTool", options);
  const make = (conversation?: string): SandboxFunctionTool => {
    const made = functionTools([tools.code], answers, conversation);
    return {
      name: tools.code.name,
      definition: made.definitions[0]!,
      responsesDefinition: made.responsesDefinitions[0]!,
      runnable: made.runnables[0]!,
      runnerFunction: made.runnerFunctions[0]!,
      handles: made.handles,
      handle: made.handle,
      handleAll: made.handleAll,
      forConversation: make,
      sessions: tools.sessions,
    };
  };
  return { ...make(), [Symbol.asyncDispose]: () => tools[Symbol.asyncDispose]() };
}

/** Tools for code, commands and files of one sandbox; otherwise as `createSandboxTool`. */
export function createSandboxTools(options: SandboxToolOptions = {}): SandboxFunctionTools & AsyncDisposable {
  const { tools, answers } = open("createSandboxTools", options);
  const { code, command, listFiles, readFile, writeFile, sessions } = tools;
  const make = (conversation?: string): SandboxFunctionTools => ({
    ...functionTools([code, command, listFiles, readFile, writeFile], answers, conversation),
    forConversation: make,
    sessions,
  });
  return { ...make(), [Symbol.asyncDispose]: () => tools[Symbol.asyncDispose]() };
}

function open(
  owner: string,
  given: SandboxToolOptions,
): {
  readonly tools: SandboxTools;
  readonly answers: Answers;
} {
  checkToolOptions(owner, given, { more: ["images", "onOutcome"] });
  const { images, onOutcome, ...options } = given;
  check("images", images, "boolean");
  check("onOutcome", onOutcome, "function");
  const tools = sandboxTools(options);
  return {
    tools,
    answers: {
      given: tools.sessions.given,
      ...(images === undefined ? {} : { images }),
      ...(onOutcome ? { onOutcome } : {}),
    },
  };
}

function check(name: string, value: unknown, type: "boolean" | "function"): void {
  if (value === undefined || typeof value === type) return;
  throw new SandboxError("INVALID_OPTION", `${name} is not a ${type}.`);
}
