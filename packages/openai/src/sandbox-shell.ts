import { SandboxError } from "@llm-sandbox/core";
import { checkToolOptions, ownLine, runShellCommands, sandboxTools } from "@llm-sandbox/core/tool";
import type {
  SandboxToolsOptions,
  ShellCommandOutput,
  ToolCallOptions,
  ToolSessions,
} from "@llm-sandbox/core/tool";
import type {
  FunctionShellTool,
  ResponseInputItem,
  ResponseOutputItem,
  Tool,
} from "openai/resources/responses/responses";
import { quoted } from "./quoted.ts";

/** The parts of a `shell_call` that are needed to answer it. */
export type ShellCall = Pick<ResponseInputItem.ShellCall, "type" | "call_id" | "action">;

/** The parts of a `local_shell_call` that are needed to answer it. */
export type LocalShellCall = Pick<ResponseInputItem.LocalShellCall, "type" | "call_id" | "action">;

/** The answer to a `local_shell_call`: the API looks for `call_id`, the client's type for `id`. */
export type LocalShellCallOutput = ResponseInputItem.LocalShellCallOutput & { readonly call_id: string };

/** Everything that `createSandboxShell` takes. */
export type SandboxShellOptions = Omit<SandboxToolsOptions, "name" | "extraInstructions">;

/** OpenAI's own shell tools, run in a sandbox. */
export interface SandboxShell {
  /** For `tools` of Responses. */
  readonly definition: FunctionShellTool;
  /** For `tools` of Responses with models that know only `local_shell`. */
  readonly localDefinition: Tool.LocalShell;
  /** Whether the item is a call of a shell. */
  handles(item: unknown): item is ShellCall | LocalShellCall;
  /** Runs a call and gives the item that answers it; rejects only with the signal's reason. */
  handle(call: ShellCall, options?: ToolCallOptions): Promise<ResponseInputItem.ShellCallOutput>;
  handle(call: LocalShellCall, options?: ToolCallOptions): Promise<LocalShellCallOutput>;
  /** Runs, one after the other, the shell calls in `response.output`; the rest is left to you. */
  handleAll(
    items: readonly ResponseOutputItem[],
    options?: ToolCallOptions,
  ): Promise<(ResponseInputItem.ShellCallOutput | LocalShellCallOutput)[]>;
  readonly sessions: ToolSessions;
}

/** A shell for `shell_call` and `local_shell_call`. Each command is a fresh `sh` in the working folder; files stay. Disposing closes the sessions that it opened. */
export function createSandboxShell(options: SandboxShellOptions = {}): SandboxShell & AsyncDisposable {
  checkToolOptions("createSandboxShell", options, { without: ["name", "extraInstructions"] });
  const tools = sandboxTools(options);

  async function handle(
    call: ShellCall | LocalShellCall,
    options: ToolCallOptions = {},
  ): Promise<ResponseInputItem.ShellCallOutput | LocalShellCallOutput> {
    if (!handles(call)) {
      throw new SandboxError("INVALID_OPTION", "This is no call of a shell.", {
        remedy: "Ask handles(call) first, or use handleAll.",
      });
    }
    if (call.type === "local_shell_call") {
      const { call_id } = call;
      const output = localProblem(call) ?? (await runLocal(call, options));
      return { type: "local_shell_call_output", id: call_id, call_id, output };
    }
    const { commands, timeout_ms: timeoutMs, max_output_length: maxOutputLength } = call.action ?? {};
    const outputs = await runShellCommands(tools.command, { commands, timeoutMs, maxOutputLength }, options);
    return {
      type: "shell_call_output",
      call_id: call.call_id,
      ...(typeof maxOutputLength === "number" ? { max_output_length: maxOutputLength } : {}),
      output: outputs.map(({ stdout, stderr, exitCode }) => ({
        stdout,
        stderr,
        outcome: exitCode === "timeout" ? { type: "timeout" } : { type: "exit", exit_code: exitCode },
      })),
    };
  }

  async function runLocal(call: LocalShellCall, options: ToolCallOptions): Promise<string> {
    const request = { commands: [localCommand(call)], timeoutMs: call.action?.timeout_ms };
    const [output] = await runShellCommands(tools.command, request, options);
    return asText(output!);
  }

  return {
    definition: { type: "shell", environment: { type: "local" } },
    localDefinition: { type: "local_shell" },
    handles,
    handle: handle as SandboxShell["handle"],
    async handleAll(items, options = {}) {
      const answered = [];
      for (const item of items) if (handles(item)) answered.push(await handle(item, options));
      return answered;
    },
    sessions: tools.sessions,
    [Symbol.asyncDispose]: () => tools[Symbol.asyncDispose](),
  };
}

function handles(item: unknown): item is ShellCall | LocalShellCall {
  const type = (item as { readonly type?: unknown } | null | undefined)?.type;
  return type === "shell_call" || type === "local_shell_call";
}

/** Why a call cannot be run as it is meant, for the model; undefined if it can. */
function localProblem({ action }: LocalShellCall): string | undefined {
  const { command, user } = action ?? {};
  if (Array.isArray(command) && command.length === 0) {
    return ownLine('Nothing was run: "command" is an empty list. Pass a program and its arguments.');
  }
  if (user === undefined || user === null || user === "") return undefined;
  return ownLine('Nothing was run: a sandbox has one user, so "user" cannot be honoured. Leave it out.');
}

/** A list of arguments as a line for `sh`; anything else as it is, for the tool to refuse. */
function localCommand({ action }: LocalShellCall): unknown {
  const { command, env, working_directory: folder } = action ?? {};
  if (!Array.isArray(command) || !command.every((part) => typeof part === "string")) return command;
  const variables = Object.entries(env ?? {}).map(([name, value]) => `${name}=${value}`);
  return [
    ...(folder ? [`cd -- ${quoted(folder)} &&`] : []),
    ...(variables.length === 0 ? [] : ["env", ...variables.map(quoted)]),
    ...command.map(quoted),
  ].join(" ");
}

function asText({ stdout, stderr, exitCode, exited }: ShellCommandOutput): string {
  const end = exited && exitCode !== 0 ? ownLine(`Exit code ${exitCode}.`) : "";
  return [stdout, stderr, end].filter((part) => part !== "").join("\n");
}
