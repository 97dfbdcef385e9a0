import { ToolMessage } from "@langchain/core/messages";

/** Whether an agent's state has answers of tools of these names, wherever they ran. */
export function hasAnswersOf(state: unknown, names: readonly string[]): boolean {
  const messages: unknown = (state as { readonly messages?: unknown } | null | undefined)?.messages;
  if (!Array.isArray(messages)) return false;
  return messages.some((message) => ToolMessage.isInstance(message) && names.includes(message.name ?? ""));
}
