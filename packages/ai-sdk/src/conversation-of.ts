import { ConversationsByCall, toolNames } from "@llm-sandbox/core/tool";
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

/**
 * Finds out which conversation a call belongs to when nobody says: the steps of one generation have the same last message
 * of the user, and a later turn has the ids of earlier calls in its history.
 */
export class Conversations {
  readonly #known = new ConversationsByCall();

  nameOf({ toolCallId, messages }: CallFacts): string {
    const user = messages.findLast(({ role }) => role === "user");
    return this.#known.nameOf([toolCallId, ...messages.flatMap(callIds)], user);
  }
}

/** Whether the history has results of sandbox tools, which the AI SDK knows by the keys of `tools`. */
export function isContinued({ messages }: Pick<CallFacts, "messages">): boolean {
  return messages.some(
    ({ role, content }) =>
      role === "tool" &&
      content.some((part) => part.type === "tool-result" && toolNames.includes(part.toolName)),
  );
}

function callIds({ content }: ModelMessage): string[] {
  if (!Array.isArray(content)) return [];
  return content.flatMap((part) => (part.type === "tool-call" ? [part.toolCallId] : []));
}
