import { jsonSchema, tool } from "ai";
import type { Tool, ToolExecutionOptions } from "ai";
import type { SandboxTool as CoreTool, ToolSessions } from "@llm-sandbox/core/tool";
import { defaultConversation } from "@llm-sandbox/core/tool";
import type { ConversationChoice } from "./conversation-of.ts";
import { Conversations, isContinued } from "./conversation-of.ts";
import { ImageStore } from "./image-store.ts";
import { Latest } from "./latest.ts";
import { finalOutput, outputSchema, runningOutput } from "./tool-output.ts";
import type { SandboxToolOutput } from "./tool-output.ts";

type ModelOutput = Awaited<ReturnType<NonNullable<Tool<unknown, SandboxToolOutput>["toModelOutput"]>>>;

/** What the tools of one set have in common. */
export class Reshaper {
  readonly #images: ImageStore;
  readonly #showImages: boolean;
  readonly #nameOf: (call: ToolExecutionOptions<never>) => string;

  constructor(
    sessions: ToolSessions,
    options: { images: boolean; conversation: ConversationChoice | undefined },
  ) {
    this.#images = new ImageStore(sessions);
    this.#showImages = options.images;
    this.#nameOf = naming(sessions, options.conversation);
  }

  /** Core's tool as the AI SDK's. */
  reshape<Input>(core: CoreTool): Tool<Input, SandboxToolOutput> {
    return tool<Input, SandboxToolOutput, Record<string, unknown>>({
      title: core.title,
      description: core.description,
      // Core checks arguments itself: what a model is told of wrong ones is written for it.
      inputSchema: jsonSchema<Input>({
        ...core.inputSchema,
        required: [...core.inputSchema.required],
      } as never),
      outputSchema: jsonSchema<SandboxToolOutput>(outputSchema as never),
      execute: (input, options) => this.#execute(core, input, options as ToolExecutionOptions<never>),
      toModelOutput: ({ toolCallId, output }) => this.#forModel(toolCallId, output),
    });
  }

  async *#execute(
    core: CoreTool,
    input: unknown,
    options: ToolExecutionOptions<never>,
  ): AsyncGenerator<SandboxToolOutput, void, undefined> {
    const conversation = this.#nameOf(options);
    const output = new Latest<string>();
    const startedAt = performance.now();
    // Whoever stops reading ends the run.
    const left = new AbortController();
    const { abortSignal } = options;
    const call = core.call(input, {
      conversation,
      continued: isContinued(options),
      signal: abortSignal ? AbortSignal.any([abortSignal, left.signal]) : left.signal,
      onProgress: (text) => output.set(text),
    });
    const end = (): void => output.end();
    call.then(end, end);
    try {
      for await (const text of output) {
        yield runningOutput(text, conversation, Math.round(performance.now() - startedAt));
      }
      const outcome = await call;
      if (outcome.failure) throw outcome.failure;
      this.#images.keep(options.toolCallId, outcome);
      yield finalOutput(outcome, conversation);
    } finally {
      left.abort();
    }
  }

  async #forModel(toolCallId: string, output: SandboxToolOutput): Promise<ModelOutput> {
    const { text, images, conversation } = output;
    // Not "error-text" for failed code: some providers wrap that in JSON, which spoils a traceback.
    if (!this.#showImages || images.length === 0) return { type: "text", value: text };
    const found = await Promise.all(
      images.map(async (image) => ({
        image,
        data: await this.#images.find(toolCallId, image, conversation),
      })),
    );
    return {
      type: "content",
      value: [
        { type: "text", text },
        ...found.flatMap(({ image: { mediaType, path }, data }) =>
          data
            ? [{ type: "file" as const, mediaType, filename: path, data: { type: "data" as const, data } }]
            : [],
        ),
      ],
    };
  }
}

function naming(
  sessions: ToolSessions,
  choice: ConversationChoice | undefined,
): (call: ToolExecutionOptions<never>) => string {
  if (sessions.given) return () => defaultConversation;
  if (typeof choice === "string") return () => choice;
  if (choice) return (call) => choice(call);
  const conversations = new Conversations();
  return (call) => conversations.nameOf(call);
}
