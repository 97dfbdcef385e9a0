import type { ToolImage, ToolOutcome } from "@llm-sandbox/core/tool";
import type { ChatCompletionMessageToolCall } from "openai/resources/chat/completions";
import type {
  ResponseFunctionCallOutputItemList,
  ResponseFunctionToolCall,
} from "openai/resources/responses/responses";

/** A call of either API. */
export type FunctionCall = ChatCompletionMessageToolCall | ResponseFunctionToolCall;

/** What a model is told by Responses: text, or text and pictures. */
export type FunctionOutput = string | ResponseFunctionCallOutputItemList;

/** Pictures that the API takes, by media type. */
const shownTypes: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/webp", "image/gif"]);

/** The name, arguments and id of a function call; undefined for any other item. */
export function readCall(call: unknown):
  | {
      readonly api: "chat" | "responses";
      readonly id: string;
      readonly name: string;
      readonly input: unknown;
    }
  | undefined {
  const { type, ...item } = (call ?? {}) as Record<string, unknown>;
  if (type === "function_call") {
    return {
      api: "responses",
      id: String(item["call_id"]),
      name: String(item["name"]),
      input: item["arguments"],
    };
  }
  const called = item["function"] as { readonly name?: unknown; readonly arguments?: unknown } | undefined;
  if (type !== "function" || typeof called !== "object") return undefined;
  return { api: "chat", id: String(item["id"]), name: String(called?.name), input: called?.arguments };
}

/** What Responses is told: with pictures only where the application asked for that. */
export function functionOutput({ text, images }: ToolOutcome, withImages: boolean): FunctionOutput {
  const shown = withImages ? images.filter(({ mediaType }) => shownTypes.has(mediaType)) : [];
  if (shown.length === 0) return text;
  return [
    { type: "input_text", text },
    ...shown.map((image) => ({ type: "input_image", image_url: dataUrl(image) }) as const),
  ];
}

/** A picture as a data URL. */
export function dataUrl({ mediaType, data }: ToolImage): string {
  return `data:${mediaType};base64,${Buffer.from(data).toString("base64")}`;
}
