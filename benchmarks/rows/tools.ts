import { createSandboxTool } from "@llm-sandbox/ai-sdk";
import type { Boxes } from "../boxes.ts";
import { elapsedMs, inTurns } from "../measure.ts";
import type { Measurement } from "../row.ts";

/** What an adapter's tool adds to a run of the same code in the same session, which is the peer here. */
export async function measureTools(boxes: Boxes, rounds: number): Promise<Measurement[]> {
  await using session = await boxes.open();
  await using tool = createSandboxTool({ session });
  const call = async (): Promise<void> => {
    const options = { toolCallId: "call", messages: [], context: {} as never };
    for await (const _ of tool.execute!({ code: "print(1)" }, options) as AsyncIterable<unknown>);
  };
  await call();
  const run = await inTurns(
    rounds,
    () => elapsedMs(call),
    () => elapsedMs(() => session.run("print(1)")),
  );
  const added = Math.max(run.ours - run.theirs, 0);
  return [
    {
      name: "added-by-tool",
      value: added,
      unit: "ms",
      baseline: "session.run",
      baselineValue: run.theirs,
      mostValue: 2,
    },
  ];
}
