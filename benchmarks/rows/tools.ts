import { createSandboxTool as createAiSdkTool } from "@llm-sandbox/ai-sdk";
import { createSandboxTool as createLangchainTool } from "@llm-sandbox/langchain";
import { createSandboxTool as createOpenaiTool } from "@llm-sandbox/openai";
import type { SandboxSession } from "@llm-sandbox/core";
import type { Boxes } from "../boxes.ts";
import { elapsedMs, inTurns } from "../measure.ts";
import type { Measurement } from "../row.ts";

const code = "print(1)";

/** A call of each adapter's tool, in one session. */
const adapters: Readonly<Record<string, (session: SandboxSession) => () => Promise<unknown>>> = {
  "ai-sdk": (session) => {
    const tool = createAiSdkTool({ session });
    const options = { toolCallId: "call", messages: [], context: {} as never };
    return async () => {
      for await (const _ of tool.execute!({ code }, options) as AsyncIterable<unknown>);
    };
  },
  langchain: (session) => {
    const tool = createLangchainTool({ session });
    return () => tool.invoke({ type: "tool_call", id: "call", name: tool.name, args: { code } });
  },
  openai: (session) => {
    const tool = createOpenaiTool({ session });
    const call = { name: tool.name, arguments: JSON.stringify({ code }) };
    return () => tool.handle({ type: "function", id: "call", function: call });
  },
};

/** What the adapters' tools add to a run of the same code in the same session, which is the peer here. */
export async function measureTools(boxes: Boxes, rounds: number): Promise<Measurement[]> {
  await using session = await boxes.open();
  const measured: Measurement[] = [];
  for (const [name, toolOf] of Object.entries(adapters)) {
    const call = toolOf(session);
    await call();
    const run = await inTurns(
      rounds,
      () => elapsedMs(call),
      () => elapsedMs(() => session.run(code)),
    );
    measured.push({
      name: `added-by-${name}`,
      value: Math.max(run.ours - run.theirs, 0),
      unit: "ms",
      baseline: "session.run",
      baselineValue: run.theirs,
      mostValue: 2,
    });
  }
  return measured;
}
