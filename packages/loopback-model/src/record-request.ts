import type { RecordedRequest, ToolResult } from "./script.ts";

type Item = Readonly<Record<string, unknown>>;

/** Reads a request's body of either API. */
export function recordRequest(api: RecordedRequest["api"], body: Item): RecordedRequest {
  const input = api === "chat" ? body["messages"] : body["input"];
  const messages: readonly Item[] =
    typeof input === "string" ? [{ role: "user", content: input }] : ((input ?? []) as readonly Item[]);
  const tools = ((body["tools"] ?? []) as readonly Item[]).map(
    (tool) => ((tool["function"] as Item | undefined)?.["name"] ?? tool["name"] ?? tool["type"]) as string,
  );
  const user = messages.find(({ role }) => role === "user");
  return {
    api,
    body,
    messages,
    tools,
    toolResults: messages.flatMap(toolResult),
    userText: user ? textOf(user["content"]) : "",
  };
}

function toolResult(message: Item): ToolResult[] {
  if (message["role"] === "tool") {
    return [{ callId: String(message["tool_call_id"]), output: plain(message["content"]) }];
  }
  if (String(message["type"]).endsWith("_call_output")) {
    return [{ callId: String(message["call_id"]), output: plain(message["output"]) }];
  }
  return [];
}

/** Text parts as one text; anything else as it is. */
function plain(content: unknown): unknown {
  const isText = Array.isArray(content) && content.every((part: Item) => typeof part["text"] === "string");
  return isText ? textOf(content) : content;
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part: Item) => (typeof part["text"] === "string" ? part["text"] : "")).join("");
}
