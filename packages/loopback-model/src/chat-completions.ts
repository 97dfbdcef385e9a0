import { randomUUID } from "node:crypto";
import { pieces } from "./pieces.ts";
import type { ScriptedTurn } from "./script.ts";

const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };

/** A turn as Chat Completions sends it whole. */
export function chatCompletion(turn: ScriptedTurn, model: string): object {
  const calls = callsOf(turn);
  return {
    ...head(model, "chat.completion"),
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: turn.text ?? null,
          ...(calls.length === 0 ? {} : { tool_calls: calls }),
        },
        finish_reason: calls.length === 0 ? "stop" : "tool_calls",
        logprobs: null,
      },
    ],
    usage,
  };
}

/** A turn as the chunks that Chat Completions streams, arguments in small pieces. */
export function chatCompletionChunks(turn: ScriptedTurn, model: string): object[] {
  const common = head(model, "chat.completion.chunk");
  const chunk = (delta: object, finish_reason: string | null = null): object => ({
    ...common,
    choices: [{ index: 0, delta, finish_reason, logprobs: null }],
  });
  const calls = callsOf(turn);
  return [
    chunk({ role: "assistant", content: "" }),
    ...pieces(turn.text ?? "").map((content) => chunk({ content })),
    ...calls.flatMap(({ id, function: { name, arguments: text } }, index) => [
      chunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] }),
      ...pieces(text).map((piece) => chunk({ tool_calls: [{ index, function: { arguments: piece } }] })),
    ]),
    chunk({}, calls.length === 0 ? "stop" : "tool_calls"),
    { ...common, choices: [], usage },
  ];
}

function callsOf({ calls = [] }: ScriptedTurn): {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
}[] {
  return calls.map((call) => ({
    id: call.id ?? `call_${randomUUID()}`,
    type: "function",
    function: { name: call.name, arguments: argumentsText(call.arguments) },
  }));
}

/** Arguments as they go over the wire. */
export function argumentsText(value: object | string): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function head(model: string, object: string): object {
  return { id: `chatcmpl-${randomUUID()}`, object, created: Math.floor(Date.now() / 1_000), model };
}
