import { randomUUID } from "node:crypto";
import { getCurrentTrace } from "@openai/agents";
import type { RunContext } from "@openai/agents";

/** What the trace of every run is called while tracing is off. */
const noTrace = "no-op";

const byContext = new WeakMap<object, string>();

/**
 * The conversation of the run under way where the application names none: its trace, which also several runs within
 * `withTrace` and a run that was resumed from its saved state have in common; its context while tracing is off. Undefined
 * where neither tells.
 */
export function conversationOfRun(context?: RunContext<unknown>): string | undefined {
  const traceId = getCurrentTrace()?.traceId;
  if (traceId !== undefined && traceId !== noTrace) return traceId;
  if (context === undefined) return undefined;
  const name = byContext.get(context) ?? randomUUID();
  byContext.set(context, name);
  return name;
}
