import { SandboxError } from "@llm-sandbox/core";
import { checkToolOptions, harmlessly, sandboxTools } from "@llm-sandbox/core/tool";
import type { ToolOutcome, ToolSessions } from "@llm-sandbox/core/tool";
import { tool } from "@openai/agents";
import type { FunctionTool, RunContext, ToolOutputImage, ToolOutputText } from "@openai/agents";
import type { SandboxToolOptions } from "../sandbox-tool.ts";
import { conversationOfRun } from "./conversation-of-run.ts";

/** Everything that `createSandboxTool` takes for an agent. */
export interface AgentToolOptions extends SandboxToolOptions {
  /**
   * Whose session a run's calls get: a name, or how to tell it from the run's context. Default: each run has its own, and
   * runs within one `withTrace` share it.
   */
  readonly conversation?: string | ((context: RunContext<unknown>) => string);
  /** Whether calls wait for a person's approval, as in the SDK's `tool()`. Default: no. */
  readonly needsApproval?: boolean;
}

/** What a model is told: text, or text and pictures. */
export type AgentToolOutput = string | (ToolOutputText | ToolOutputImage)[];

/** A tool of an agent. Disposing it closes the sessions that it opened. */
export interface AgentTool extends FunctionTool<unknown, AgentToolSchema, AgentToolOutput>, AsyncDisposable {
  readonly sessions: ToolSessions;
}

/** The shape of the tool's schema, as the SDK wants it. */
export interface AgentToolSchema {
  type: "object";
  properties: Record<string, { [key: string]: unknown }>;
  required: string[];
  additionalProperties: true;
  [key: string]: unknown;
}

/** A tool that runs code, for the `tools` of an `Agent`. Nothing starts before its first call. */
export function createSandboxTool(options: AgentToolOptions = {}): AgentTool {
  checkToolOptions("createSandboxTool", options, {
    more: ["conversation", "needsApproval", "images", "onOutcome"],
  });
  const { conversation, needsApproval = false, images = false, onOutcome, ...more } = options;
  const tools = sandboxTools(more);
  const { name, description, inputSchema } = tools.code;
  const { given } = tools.sessions;
  const nameOf = (context: RunContext<unknown>): string | undefined => {
    if (typeof conversation === "function") return conversation(context);
    return conversation ?? (given ? undefined : conversationOfRun(context));
  };
  const made = tool({
    name,
    description: given || conversation !== undefined ? description : `${description}\n${runText}`,
    parameters: structuredClone({ ...inputSchema, additionalProperties: true }) as unknown as AgentToolSchema,
    strict: false,
    needsApproval,
    async execute(input, context, details): Promise<AgentToolOutput> {
      const whose = nameOf(context as RunContext<unknown>);
      const outcome = await tools.code.call(input, {
        signal: details?.signal,
        ...(whose === undefined ? {} : { conversation: whose }),
      });
      harmlessly(onOutcome)?.(outcome, whose);
      return images ? withImages(outcome) : outcome.text;
    },
    errorFunction(_, error, details) {
      details?.signal?.throwIfAborted();
      // An error of the application's own callbacks: the tool itself never fails.
      harmlessly(more.onError)?.(error);
      return "The tool failed, which is no fault of the code. Tell the user.";
    },
  });
  return Object.assign(made as unknown as FunctionTool<unknown, AgentToolSchema, AgentToolOutput>, {
    sessions: tools.sessions,
    [Symbol.asyncDispose]: () => tools[Symbol.asyncDispose](),
  });
}

const runText =
  "The sandbox and its files last for this run: an answer to a later message may get a new, empty one.";

function withImages({ text, images }: ToolOutcome): AgentToolOutput {
  const shown = images.filter(({ mediaType }) => mediaType !== "image/svg+xml");
  if (shown.length === 0) return text;
  return [
    { type: "text", text },
    ...shown.map(
      ({ data, mediaType }) =>
        ({ type: "image", image: { data: Uint8Array.from(data), mediaType } }) as const,
    ),
  ];
}

/** Throws `INVALID_OPTION` unless it can name a conversation. */
export function checkConversation(conversation: unknown): void {
  if (conversation === undefined || typeof conversation === "string") return;
  throw new SandboxError("INVALID_OPTION", "conversation is not a string.");
}
