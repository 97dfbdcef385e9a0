import { ConversationsByCall, isFailure, toolNames } from "@llm-sandbox/core/tool";
import type {
  SandboxTool,
  ToolCallOptions,
  ToolImage,
  ToolOutcome,
  ToolSessions,
} from "@llm-sandbox/core/tool";
import { ToolMessage } from "@langchain/core/messages";
import type { ContentBlock } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { DynamicStructuredTool, ToolInputParsingException } from "@langchain/core/tools";
import { agentState, hasAnswersOf, messagesOf } from "./agent-state.ts";

/** What a call's config may hold: LangGraph adds the writer. */
export interface ToolCallConfig extends RunnableConfig {
  readonly toolCall?: { readonly id?: string };
  readonly toolCallId?: string;
  readonly writer?: ((chunk: unknown) => void) | null;
  /** The agent's state, with its messages. */
  readonly state?: unknown;
}

/** What adapters add to the tools' own options. */
export interface AnswerOptions {
  /** True: the model is shown the pictures that the code drew, as `image_url` blocks. Not every model takes them in an answer of a tool. */
  readonly images?: boolean;
  /**
   * Whose session a call gets. Default: LangGraph's `thread_id`, else the one whose messages are in the agent's state; a
   * session that was given serves every thread.
   */
  readonly conversation?: (config: ToolCallConfig) => string | undefined;
}

/** A tool message's `artifact`: what came of the call, for the application. The model does not see it. */
export interface SandboxArtifact extends Omit<ToolOutcome, "failure" | "text" | "images"> {
  readonly images: readonly SandboxImage[];
}

/** A picture that the code drew, as text: LangGraph's checkpoints cannot hold bytes. */
export interface SandboxImage {
  /** Where it lies in the box; null when it could not be saved. */
  readonly path: string | null;
  readonly mediaType: string;
  readonly base64: string;
}

/** What a call under way writes to the custom stream: its output so far. */
export interface SandboxProgress {
  readonly type: "sandbox_output";
  readonly tool: string;
  readonly toolCallId: string | undefined;
  /** The last 8,000 characters. */
  readonly output: string;
}

type Content = string | ContentBlock[];

/** A sandbox tool as a LangChain tool. Bad arguments and failed runs are tool messages of the status `error`, in words for the model. */
export class SandboxStructuredTool extends DynamicStructuredTool implements AsyncDisposable {
  /** The open sessions: to fetch files from, or to close. */
  readonly sessions: ToolSessions;
  readonly #tool: SandboxTool;
  readonly #answers: AnswerOptions;
  readonly #dispose: () => PromiseLike<void>;

  constructor(
    tool: SandboxTool,
    answers: AnswerOptions,
    owner: { readonly sessions: ToolSessions } & AsyncDisposable,
  ) {
    super({
      name: tool.name,
      description: tool.description,
      schema: structuredClone(tool.inputSchema),
      responseFormat: "content_and_artifact",
      func: (input: unknown, _: unknown, config?: ToolCallConfig) => this.#answer(input, config ?? {}),
    });
    this.#tool = tool;
    this.#answers = answers;
    this.sessions = owner.sessions;
    this.#dispose = () => owner[Symbol.asyncDispose]();
  }

  /** Closes the sessions that were opened for the tool. */
  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#dispose();
  }

  /** As every tool's; arguments that the schema refuses are answered, in place of an error with a stack. */
  override async invoke(
    ...[input, config]: Parameters<DynamicStructuredTool["invoke"]>
  ): Promise<Awaited<ReturnType<DynamicStructuredTool["invoke"]>>> {
    try {
      return await super.invoke(input, config);
    } catch (error) {
      if (!(error instanceof ToolInputParsingException)) throw error;
      const { id = undefined, args = input } = (isCall(input) ? input : {}) as {
        id?: string;
        args?: unknown;
      };
      const [answer, artifact] = await this.#answer(args, {
        ...(config as ToolCallConfig | undefined),
        ...(id === undefined ? {} : { toolCall: { id } }),
      });
      return id === undefined || answer instanceof ToolMessage
        ? answer
        : new ToolMessage({
            status: "success",
            content: answer,
            artifact,
            tool_call_id: id,
            name: this.name,
          });
    }
  }

  async #answer(input: unknown, config: ToolCallConfig): Promise<[Content | ToolMessage, SandboxArtifact]> {
    const id = config.toolCall?.id ?? config.toolCallId;
    const conversation = this.#conversationOf(config);
    const options: ToolCallOptions = {
      signal: config.signal,
      continued: hasAnswersOf(agentState(config), [this.name, ...toolNames]),
      ...(conversation === undefined ? {} : { conversation }),
      ...(config.writer ? { onProgress: this.#progress(config.writer, id) } : {}),
    };
    const outcome = await this.#tool.call(input, options);
    const { text, failure: _, ...more } = outcome;
    const artifact = { ...more, images: outcome.images.map(asText) };
    const content = this.#answers.images ? withImages(outcome) : text;
    if (!isFailure(outcome) || id === undefined) return [content, artifact];
    const message = { status: "error", content, artifact, tool_call_id: id, name: this.name } as const;
    return [new ToolMessage(message), artifact];
  }

  #conversationOf(config: ToolCallConfig): string | undefined {
    const { conversation } = this.#answers;
    if (conversation) return conversation(config);
    return this.sessions.given ? undefined : (threadOf(config) ?? this.#byHistory(agentState(config)));
  }

  /** Without a thread, LangGraph's messages tell: they have ids, which later turns bring along. */
  #byHistory(state: unknown): string | undefined {
    const messages = messagesOf(state);
    if (messages.length === 0) return undefined;
    const known = conversations.get(this.sessions) ?? new ConversationsByCall();
    conversations.set(this.sessions, known);
    return known.nameOf((messages as readonly HistoryMessage[]).flatMap(idsOf));
  }

  #progress(writer: (chunk: unknown) => void, toolCallId: string | undefined): (output: string) => void {
    return (output) => {
      const progress: SandboxProgress = { type: "sandbox_output", tool: this.name, toolCallId, output };
      writer(progress);
    };
  }
}

/** Tools of one sandbox have their conversations in common. */
const conversations = new WeakMap<ToolSessions, ConversationsByCall>();

interface HistoryMessage {
  readonly id?: string;
  readonly tool_calls?: readonly { readonly id?: string }[];
}

function idsOf({ id, tool_calls: calls = [] }: HistoryMessage): (string | undefined)[] {
  return [id, ...calls.map((call) => call.id)];
}

/** LangGraph's name of a conversation. */
export function threadOf(config: RunnableConfig | undefined): string | undefined {
  const thread: unknown = config?.configurable?.["thread_id"];
  return thread === undefined || thread === null ? undefined : String(thread);
}

function isCall(input: unknown): boolean {
  return typeof input === "object" && input !== null && (input as { type?: unknown }).type === "tool_call";
}

function asText({ path, mediaType, data }: ToolImage): SandboxImage {
  return { path, mediaType, base64: Buffer.from(data).toString("base64") };
}

function withImages({ text, images }: ToolOutcome): Content {
  const shown = images.filter(({ mediaType }) => mediaType !== "image/svg+xml");
  if (shown.length === 0) return text;
  return [
    { type: "text", text },
    ...shown.map(asText).map(({ mediaType, base64 }) => ({
      type: "image_url",
      image_url: { url: `data:${mediaType};base64,${base64}` },
    })),
  ];
}
