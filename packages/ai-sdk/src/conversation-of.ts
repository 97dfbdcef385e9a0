import { randomUUID } from "node:crypto";
import type { ModelMessage } from "ai";

/** What a call tells of the conversation it belongs to. */
export interface CallFacts {
  readonly toolCallId: string;
  readonly messages: readonly ModelMessage[];
  /** The tool's entry of `toolsContext`. */
  readonly context: unknown;
}

/** A conversation's name, or how it is told from a call. */
export type ConversationChoice = string | ((call: CallFacts) => string);

/** Calls that are remembered, so that the conversation's next turn finds its session. */
const mostRemembered = 10_000;
/** Shorter ids are counters, which two conversations may have in common. */
const leastIdCharacters = 16;

/**
 * Finds out which conversation a call belongs to when nobody says: the steps of one generation have the same last message
 * of the user, and a later turn has the ids of earlier calls in its history. What is neither is a new conversation, so
 * that two of them never meet in one session.
 */
export class Conversations {
  readonly #byMessage = new WeakMap<object, string>();
  readonly #byCall = new Map<string, string>();

  nameOf({ toolCallId, messages }: CallFacts): string {
    const user = messages.findLast(({ role }) => role === "user");
    const name = (user && this.#byMessage.get(user)) ?? this.#earlier(messages) ?? randomUUID();
    if (user) this.#byMessage.set(user, name);
    this.#remember(toolCallId, name);
    return name;
  }

  #earlier(messages: readonly ModelMessage[]): string | undefined {
    for (const { content } of messages.toReversed()) {
      if (!Array.isArray(content)) continue;
      for (const part of content) {
        const name = part.type === "tool-call" ? this.#byCall.get(part.toolCallId) : undefined;
        if (name !== undefined) return name;
      }
    }
    return undefined;
  }

  #remember(toolCallId: string, name: string): void {
    if (toolCallId.length < leastIdCharacters) return;
    this.#byCall.delete(toolCallId);
    this.#byCall.set(toolCallId, name);
    if (this.#byCall.size > mostRemembered) this.#byCall.delete(this.#byCall.keys().next().value!);
  }
}
