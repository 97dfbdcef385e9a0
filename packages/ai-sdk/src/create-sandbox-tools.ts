import type { Tool } from "ai";
import { SandboxError } from "@llm-sandbox/core";
import { checkToolOptions, sandboxTools } from "@llm-sandbox/core/tool";
import type { SandboxTools as CoreTools, SandboxToolsOptions, ToolSessions } from "@llm-sandbox/core/tool";
import type { ConversationChoice } from "./conversation-of.ts";
import { Reshaper } from "./reshape.ts";
import type { SandboxToolOutput } from "./tool-output.ts";

/** Where the tools run code, and how they behave. Without any, Python in a fresh process per call on `auto()`'s runtime. */
export interface CreateSandboxToolOptions extends Omit<SandboxToolsOptions, "name"> {
  /**
   * Which conversation a call belongs to: each has a session of its own. Left out, it is told from the messages: turns of
   * one history share a session, and everything else gets a new one.
   */
  readonly conversation?: ConversationChoice;
  /** Show the model the pictures that its code drew; only for models and APIs that take pictures as tool results. */
  readonly images?: boolean;
}

/** The arguments of `execute_code`. */
export interface CodeInput {
  readonly code: string;
  readonly language?: string;
  readonly timeout_ms?: number;
}

/** The arguments of `execute_command`. */
export interface CommandInput {
  readonly command: string;
  readonly timeout_ms?: number;
  readonly language?: string;
}

/** The arguments of `list_sandbox_files`. */
export interface ListFilesInput {
  readonly path?: string;
  readonly recursive?: boolean;
  readonly language?: string;
}

/** The arguments of `read_sandbox_file`. */
export interface ReadFileInput {
  readonly path: string;
  readonly start_line?: number;
  readonly end_line?: number;
  readonly language?: string;
}

/** The arguments of `write_sandbox_file`. */
export interface WriteFileInput {
  readonly path: string;
  readonly content: string;
  readonly language?: string;
}

/** A tool for `tools: { execute_code: … }`. Disposing it closes the sessions that it opened. */
export type SandboxTool = Tool<CodeInput, SandboxToolOutput> &
  AsyncDisposable & {
    /** The sessions behind it: to close a conversation, or to fetch a file. */
    readonly sessions: ToolSessions;
  };

/** What `createSandboxTools` gives. Disposing it closes the sessions that it opened. */
export interface SandboxTools extends AsyncDisposable {
  /** For `tools`. */
  readonly tools: {
    readonly execute_code: Tool<CodeInput, SandboxToolOutput>;
    readonly execute_command: Tool<CommandInput, SandboxToolOutput>;
    readonly list_sandbox_files: Tool<ListFilesInput, SandboxToolOutput>;
    readonly read_sandbox_file: Tool<ReadFileInput, SandboxToolOutput>;
    readonly write_sandbox_file: Tool<WriteFileInput, SandboxToolOutput>;
  };
  /** The sessions behind them: to close a conversation, or to fetch a file. */
  readonly sessions: ToolSessions;
}

/** A tool that runs code in a sandbox. Starts nothing until its first call. Throws a SandboxError for options that cannot be. */
export function createSandboxTool(options: CreateSandboxToolOptions = {}): SandboxTool {
  const { core, reshaper } = prepare("createSandboxTool", options);
  return Object.assign(reshaper.reshape<CodeInput>(core.code), {
    sessions: core.sessions,
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  });
}

/** Tools that run code and commands, and list, read and write files, in one sandbox per conversation. */
export function createSandboxTools(options: CreateSandboxToolOptions = {}): SandboxTools {
  const { core, reshaper } = prepare("createSandboxTools", options);
  return {
    tools: {
      execute_code: reshaper.reshape<CodeInput>(core.code),
      execute_command: reshaper.reshape<CommandInput>(core.command),
      list_sandbox_files: reshaper.reshape<ListFilesInput>(core.listFiles),
      read_sandbox_file: reshaper.reshape<ReadFileInput>(core.readFile),
      write_sandbox_file: reshaper.reshape<WriteFileInput>(core.writeFile),
    },
    sessions: core.sessions,
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  };
}

function prepare(
  owner: string,
  options: CreateSandboxToolOptions,
): {
  readonly core: CoreTools;
  readonly reshaper: Reshaper;
} {
  if ("name" in options) {
    throw new SandboxError("INVALID_OPTION", "There is no option name.", {
      remedy: "Name the tools by the keys of tools.",
    });
  }
  checkToolOptions(owner, options, { more: ["conversation", "images"], without: ["name"] });
  const { conversation, images = false, ...rest } = options;
  if (typeof images !== "boolean") throw new SandboxError("INVALID_OPTION", "images is not a boolean.");
  if (conversation !== undefined && typeof conversation !== "string" && typeof conversation !== "function") {
    throw new SandboxError("INVALID_OPTION", "conversation is neither a name nor a function that tells it.");
  }
  const core = sandboxTools(rest);
  return { core, reshaper: new Reshaper(core.sessions, { images, conversation }) };
}
