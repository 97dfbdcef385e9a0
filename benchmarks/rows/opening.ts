import type { SandboxSession } from "@llm-sandbox/core";
import type { Boxes } from "../boxes.ts";
import { elapsedMs, inTurns, median } from "../measure.ts";
import type { RawDocker } from "../raw-docker.ts";
import type { Measurement } from "../row.ts";

/** Opening, closing and the whole life of a session, beside `docker run` and `docker rm -f`. */
export async function measureOpening(boxes: Boxes, raw: RawDocker, rounds: number): Promise<Measurement[]> {
  const closeMs: number[] = [];
  const goneMs: number[] = [];
  const opened = await inTurns(
    rounds,
    async () => {
      let session: SandboxSession | undefined;
      const openMs = await elapsedMs(async () => {
        session = await boxes.open();
      });
      const started = performance.now();
      await session!.close();
      closeMs.push(performance.now() - started);
      await boxes.last.gone;
      goneMs.push(performance.now() - started);
      return openMs;
    },
    async () => (await raw.run(["true"])).endMs,
  );
  const removals: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const container = await raw.start();
    removals.push(await elapsedMs(() => raw.remove(container)));
  }
  const life = await inTurns(
    rounds,
    () =>
      elapsedMs(async () => {
        await using session = await boxes.open();
        await session.run("print(1)");
      }),
    async () => (await raw.run(["python3", "-c", "print(1)"])).endMs,
  );
  const removal = { baseline: "docker rm -f", baselineValue: median(removals), unit: "ms" } as const;
  const run = { baseline: "docker run --rm --network none", unit: "ms" } as const;
  return [
    { name: "open", value: opened.ours, ...run, baselineValue: opened.theirs, mostRatio: 0.55 },
    { name: "close-returns", value: median(closeMs), ...removal, mostValue: 10 },
    { name: "close-gone", value: median(goneMs), ...removal, mostRatio: 0.6 },
    { name: "lifecycle", value: life.ours, ...run, baselineValue: life.theirs },
  ];
}
