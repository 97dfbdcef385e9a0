import { randomUUID } from "node:crypto";
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions";

/** What a tool's function is told of the loop that calls it. */
export interface Runner {
  readonly messages: readonly ChatCompletionMessageParam[];
}

/** Calls that are remembered, so that the conversation's next turn finds its session. */
const mostRemembered = 10_000;
/** Shorter ids are counters, which two conversations may have in common. */
const leastIdCharacters = 16;

/**
 * Finds out which conversation a run of `runTools` belongs to when nobody says: its messages hold the ids of earlier calls.
 * A run without any is a new conversation, so that two of them never meet in one session.
 */
export class RunnerConversations {
  readonly #byRunner = new WeakMap<object, string>();
  readonly #byCall = new Map<string, string>();

  nameOf(runner: Runner): string {
    const ids = callIds(runner.messages);
    const earlier = ids.toReversed().find((id) => this.#byCall.has(id));
    const name =
      this.#byRunner.get(runner) ?? (earlier === undefined ? randomUUID() : this.#byCall.get(earlier)!);
    this.#byRunner.set(runner, name);
    for (const id of ids) this.#remember(id, name);
    return name;
  }

  #remember(id: string, name: string): void {
    if (this.#byCall.get(id) !== undefined && this.#byCall.get(id) !== name) return;
    this.#byCall.delete(id);
    this.#byCall.set(id, name);
    if (this.#byCall.size > mostRemembered) this.#byCall.delete(this.#byCall.keys().next().value!);
  }
}

function callIds(messages: readonly ChatCompletionMessageParam[]): string[] {
  return messages
    .flatMap((message) => (message.role === "assistant" ? (message.tool_calls ?? []) : []))
    .map(({ id }) => id)
    .filter((id) => id.length >= leastIdCharacters);
}
