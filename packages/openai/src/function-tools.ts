import { SandboxError } from "@llm-sandbox/core";
import { ConversationsByCall, harmlessly, toolNames } from "@llm-sandbox/core/tool";
import type { SandboxTool, ToolCallOptions, ToolOutcome } from "@llm-sandbox/core/tool";
import type { JSONSchema } from "openai/lib/jsonschema";
import type { RunnableToolFunctionWithoutParse } from "openai/lib/RunnableFunction";
import type {
  ChatCompletionMessageParam,
  ChatCompletionFunctionTool,
  ChatCompletionMessageToolCall,
  ChatCompletionToolMessageParam,
} from "openai/resources/chat/completions";
import type {
  FunctionTool,
  ResponseFunctionToolCall,
  ResponseInputItem,
  ResponseOutputItem,
} from "openai/resources/responses/responses";
import { functionOutput, readCall } from "./answer.ts";
import type { FunctionCall, FunctionOutput } from "./answer.ts";

/** What adapters add to the tools' own options. */
export interface AnswerOptions {
  /** True: Responses shows the model the pictures that the code drew. Chat Completions has no place for them: there the model is told where they lie. */
  readonly images?: boolean;
  /** Told what came of each call: output, pictures and files for the application. */
  readonly onOutcome?: (outcome: ToolOutcome, conversation: string | undefined) => void;
}

export interface Answers extends AnswerOptions {
  /** There is one session, which is somebody else's: it serves one conversation. */
  readonly given: boolean;
}

/** A function for the Responses API's tool runner (`openai/helpers/responses-tool-runner`). */
export interface SandboxRunnerFunction {
  readonly tool: FunctionTool;
  readonly execute: (
    args: Record<string, unknown>,
    options?: { signal: AbortSignal | undefined },
  ) => Promise<FunctionOutput>;
}

/** For one call. */
export interface HandleOptions extends ToolCallOptions {}

/** Tools in the terms of the `openai` client. */
export interface FunctionTools {
  /** For `tools` of Chat Completions. */
  readonly definitions: ChatCompletionFunctionTool[];
  /** For `tools` of Responses. */
  readonly responsesDefinitions: FunctionTool[];
  /** For `tools` of `chat.completions.runTools`. */
  readonly runnables: RunnableToolFunctionWithoutParse[];
  /** For `functions` of `ResponsesToolRunner`. */
  readonly runnerFunctions: SandboxRunnerFunction[];
  /** Whether the item is a call of one of these tools. */
  handles(item: unknown): item is FunctionCall;
  /**
   * Runs a call and gives the message that answers it. Whatever the model sent and whatever fails is told to the model; it
   * rejects only with the signal's reason, and for a call of another tool.
   */
  handle(
    call: ChatCompletionMessageToolCall,
    options?: HandleOptions,
  ): Promise<ChatCompletionToolMessageParam>;
  handle(
    call: ResponseFunctionToolCall,
    options?: HandleOptions,
  ): Promise<ResponseInputItem.FunctionCallOutput>;
  /** Runs, one after the other, the calls of these tools in `message.tool_calls` or `response.output`; the rest is left to you. */
  handleAll(
    calls: readonly ChatCompletionMessageToolCall[] | undefined,
    options?: HandleOptions,
  ): Promise<ChatCompletionToolMessageParam[]>;
  handleAll(
    items: readonly ResponseOutputItem[],
    options?: HandleOptions,
  ): Promise<ResponseInputItem.FunctionCallOutput[]>;
}

/** Reshapes tools; `conversation` is whose sessions their calls get unless a call names another. */
export function functionTools(
  tools: readonly SandboxTool[],
  answers: Answers,
  conversation: string | undefined,
): FunctionTools {
  const { images = false } = answers;
  const onOutcome = harmlessly(answers.onOutcome);
  const runners = new ConversationsByCall();
  const byName = new Map(tools.map((tool) => [tool.name, tool]));

  async function run(tool: SandboxTool, input: unknown, options: HandleOptions): Promise<ToolOutcome> {
    const whose = options.conversation ?? conversation;
    const outcome = await tool.call(input, {
      ...options,
      ...(whose === undefined ? {} : { conversation: whose }),
    });
    onOutcome?.(outcome, whose);
    return outcome;
  }

  function handles(item: unknown): item is FunctionCall {
    const name = readCall(item)?.name;
    return name !== undefined && byName.has(name);
  }

  async function handle(
    call: FunctionCall,
    options: HandleOptions = {},
  ): Promise<ChatCompletionToolMessageParam | ResponseInputItem.FunctionCallOutput> {
    const read = readCall(call);
    const tool = read && byName.get(read.name);
    if (!tool) {
      throw new SandboxError("INVALID_OPTION", "This is no call of a sandbox tool.", {
        remedy: "Ask handles(call) first, or use handleAll.",
      });
    }
    const outcome = await run(tool, read.input, options);
    return read.api === "chat"
      ? { role: "tool", tool_call_id: read.id, content: outcome.text }
      : { type: "function_call_output", call_id: read.id, output: functionOutput(outcome, images) };
  }

  async function handleAll(items: readonly unknown[] = [], options: HandleOptions = {}): Promise<unknown[]> {
    const answered = [];
    for (const item of items) if (handles(item)) answered.push(await handle(item, options));
    return answered;
  }

  return {
    definitions: tools.map(chatDefinition),
    responsesDefinitions: tools.map(responsesDefinition),
    runnables: tools.map((tool) => ({
      type: "function",
      function: {
        name: tool.name,
        description: tool.description,
        parameters: structuredClone(tool.inputSchema) as unknown as JSONSchema,
        function: async (args, runner) => {
          const whose =
            conversation ?? (answers.given ? undefined : runners.nameOf(callIds(runner.messages), runner));
          const { signal } = runner.controller;
          const options = {
            signal,
            continued: isContinued(runner.messages, [...byName.keys(), ...toolNames]),
          };
          return (
            await run(tool, args, { ...options, ...(whose === undefined ? {} : { conversation: whose }) })
          ).text;
        },
      },
    })),
    runnerFunctions: tools.map((tool) => ({
      tool: responsesDefinition(tool),
      execute: async (args, { signal } = { signal: undefined }) =>
        functionOutput(await run(tool, args, { signal }), images),
    })),
    handles,
    handle: handle as FunctionTools["handle"],
    handleAll: handleAll as FunctionTools["handleAll"],
  };
}

function chatDefinition({ name, description, inputSchema }: SandboxTool): ChatCompletionFunctionTool {
  return { type: "function", function: { name, description, parameters: structuredClone(inputSchema) } };
}

/** Not strict: that would make every argument required. */
function responsesDefinition({ name, description, inputSchema }: SandboxTool): FunctionTool {
  return { type: "function", name, description, parameters: structuredClone(inputSchema), strict: false };
}

/** Whether there is an answer to a call of one of the tools. */
function isContinued(messages: readonly ChatCompletionMessageParam[], names: readonly string[]): boolean {
  const answered = new Set(
    messages.flatMap((message) => (message.role === "tool" ? [message.tool_call_id] : [])),
  );
  return messages.some(
    (message) =>
      message.role === "assistant" &&
      message.tool_calls?.some(
        (call) => call.type === "function" && answered.has(call.id) && names.includes(call.function.name),
      ),
  );
}

function callIds(messages: readonly ChatCompletionMessageParam[]): string[] {
  return messages
    .flatMap((message) => (message.role === "assistant" ? (message.tool_calls ?? []) : []))
    .map(({ id }) => id);
}
