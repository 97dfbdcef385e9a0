import { randomUUID } from "node:crypto";
import { argumentsText } from "./chat-completions.ts";
import { pieces } from "./pieces.ts";
import type { ScriptedTurn } from "./script.ts";

type Item = Readonly<Record<string, unknown>> & { readonly id: string; readonly type: string };

/** A turn as the Responses API sends it whole. */
export function response(turn: ScriptedTurn, model: string): object {
  return { ...head(model), status: "completed", output: itemsOf(turn), usage };
}

/** A turn as the events that the Responses API streams. */
export function responseEvents(turn: ScriptedTurn, model: string): object[] {
  const common = head(model);
  const items = itemsOf(turn);
  const events: object[] = [
    { type: "response.created", response: { ...common, status: "in_progress", output: [], usage: null } },
    { type: "response.in_progress", response: { ...common, status: "in_progress", output: [], usage: null } },
    ...items.flatMap((item, index) => itemEvents(item, index)),
    { type: "response.completed", response: { ...common, status: "completed", output: items, usage } },
  ];
  return events.map((event, sequence_number) => ({ ...event, sequence_number }));
}

const usage = {
  input_tokens: 1,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 1,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 2,
};

function itemsOf({ text, calls = [], items = [] }: ScriptedTurn): Item[] {
  return [
    ...(text === undefined
      ? []
      : [
          {
            id: `msg_${randomUUID()}`,
            type: "message",
            role: "assistant",
            status: "completed",
            content: [{ type: "output_text", text, annotations: [], logprobs: [] }],
          },
        ]),
    ...calls.map((call) => ({
      id: `fc_${randomUUID()}`,
      type: "function_call",
      status: "completed",
      call_id: call.id ?? `call_${randomUUID()}`,
      name: call.name,
      arguments: argumentsText(call.arguments),
    })),
    ...items.map((item) => ({ id: `item_${randomUUID()}`, type: "unknown", ...item })),
  ];
}

function itemEvents(item: Item, output_index: number): object[] {
  const at = { item_id: item.id, output_index };
  const added = (started: object): object => ({
    type: "response.output_item.added",
    output_index,
    item: { ...item, status: "in_progress", ...started },
  });
  const done = { type: "response.output_item.done", output_index, item };
  if (item.type === "function_call") {
    const text = item["arguments"] as string;
    return [
      added({ arguments: "" }),
      ...pieces(text).map((delta) => ({ type: "response.function_call_arguments.delta", ...at, delta })),
      { type: "response.function_call_arguments.done", ...at, arguments: text },
      done,
    ];
  }
  if (item.type !== "message") return [added({}), done];
  const [part] = item["content"] as readonly [{ readonly text: string }];
  const inPart = { ...at, content_index: 0 };
  return [
    added({ content: [] }),
    { type: "response.content_part.added", ...inPart, part: { ...part, text: "" } },
    ...pieces(part.text).map((delta) => ({
      type: "response.output_text.delta",
      ...inPart,
      delta,
      logprobs: [],
    })),
    { type: "response.output_text.done", ...inPart, text: part.text, logprobs: [] },
    { type: "response.content_part.done", ...inPart, part },
    done,
  ];
}

function head(model: string): object {
  return {
    id: `resp_${randomUUID()}`,
    object: "response",
    created_at: Math.floor(Date.now() / 1_000),
    model,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: "auto",
    tools: [],
    top_p: 1,
  };
}
