import { ToolMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";

/**
 * The state of the agent or graph that a call comes from: as tools of `createAgent` are given it, else from where LangGraph's
 * `getCurrentTaskInput` has it; undefined outside of both.
 */
export function agentState(config: (RunnableConfig & { readonly state?: unknown }) | undefined): unknown {
  const pad: unknown = config?.configurable?.["__pregel_scratchpad"];
  return config?.state ?? (pad as { readonly currentTaskInput?: unknown } | undefined)?.currentTaskInput;
}

/** The messages in a state; none where there is nothing of that kind. */
export function messagesOf(state: unknown): readonly unknown[] {
  const messages: unknown = (state as { readonly messages?: unknown } | null | undefined)?.messages;
  return Array.isArray(messages) ? messages : [];
}

/** Whether a state has answers of tools of these names, wherever they ran. */
export function hasAnswersOf(state: unknown, names: readonly string[]): boolean {
  return messagesOf(state).some(
    (message) => ToolMessage.isInstance(message) && names.includes(message.name ?? ""),
  );
}
