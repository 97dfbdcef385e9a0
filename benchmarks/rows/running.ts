import type { Boxes } from "../boxes.ts";
import { elapsedMs, inTurns, median } from "../measure.ts";
import type { RawDocker } from "../raw-docker.ts";
import type { Measurement } from "../row.ts";

/** Runs one after the other before it is the peer's turn. */
const warmRuns = 5;
const python = ["python3", "-c", "print(1)"];

/** One run after the other in one session, beside `docker exec` in one container. */
export async function measurePython(boxes: Boxes, raw: RawDocker, rounds: number): Promise<Measurement[]> {
  await using session = await boxes.open();
  await using context = session.createContext();
  const container = await raw.start();
  try {
    await session.run("print(1)");
    await context.run("print(1)");
    const run = await inTurns(
      rounds,
      () => elapsedMs(() => session.run("print(1)")),
      () => raw.exec(container, python),
      warmRuns,
    );
    const contextMs: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      contextMs.push(await elapsedMs(() => context.run("print(1)")));
    }
    const baseline = "docker exec";
    const theirs = { baseline, baselineValue: run.theirs, unit: "ms" } as const;
    return [
      { name: "run-python", value: run.ours, ...theirs, mostRatio: 0.1 },
      { name: "run-python-context", value: median(contextMs), ...theirs },
    ];
  } finally {
    await raw.remove(container);
  }
}

/** The same for JavaScript, in an image with Node. The next interpreter starts while it is the peer's turn. */
export async function measureJavascript(
  boxes: Boxes,
  raw: RawDocker,
  rounds: number,
): Promise<Measurement[]> {
  await using session = await boxes.open({ lang: "javascript" });
  const container = await raw.start();
  try {
    await session.run("console.log(1)");
    const run = await inTurns(
      rounds,
      () => elapsedMs(() => session.run("console.log(1)")),
      () => raw.exec(container, ["node", "-e", "console.log(1)"]),
    );
    const theirs = { baseline: "docker exec", baselineValue: run.theirs, unit: "ms" } as const;
    return [{ name: "run-javascript", value: run.ours, ...theirs, mostRatio: 0.25 }];
  } finally {
    await raw.remove(container);
  }
}

/** Eight sessions that run at the same time, beside eight containers with execs: milliseconds per run. */
export async function measureConcurrency(
  boxes: Boxes,
  raw: RawDocker,
  runsEach: number,
): Promise<Measurement[]> {
  const sessions = await Promise.all(Array.from({ length: 8 }, () => boxes.open()));
  const containers = await Promise.all(Array.from({ length: 8 }, () => raw.start()));
  try {
    await Promise.all(sessions.map((session) => session.run("print(1)")));
    const execsEach = Math.max(2, Math.ceil(runsEach / 10));
    const theirs = await elapsedMs(() =>
      Promise.all(containers.map((container) => repeat(execsEach, () => raw.exec(container, python)))),
    );
    const ours = await elapsedMs(() =>
      Promise.all(sessions.map((session) => repeat(runsEach, () => session.run("print(1)")))),
    );
    return [
      {
        name: "concurrent-8",
        value: ours / (8 * runsEach),
        unit: "ms",
        baseline: "docker exec, 8 containers",
        baselineValue: theirs / (8 * execsEach),
        mostRatio: 0.1,
      },
    ];
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
    await Promise.all(containers.map((container) => raw.remove(container)));
  }
}

/** A thousand runs in one session: milliseconds per run, and what the box's memory grew by. */
export async function measureThousandRuns(
  boxes: Boxes,
  raw: RawDocker,
  runs: number,
): Promise<Measurement[]> {
  await using session = await boxes.open();
  const { id } = boxes.last;
  const container = await raw.start();
  try {
    await repeat(20, () => session.run("print(1)"));
    const before = await raw.memoryMiB(id);
    const ours = await elapsedMs(() => repeat(runs, () => session.run("print(1)")));
    const after = await raw.memoryMiB(id);
    const execs = Math.ceil(runs / 50);
    const theirs = await elapsedMs(() => repeat(execs, () => raw.exec(container, python)));
    const baseline = "docker exec";
    return [
      { name: "thousand-runs", value: ours / runs, unit: "ms", baseline, baselineValue: theirs / execs },
      {
        name: "thousand-runs-memory",
        value: Math.max(0, after - before),
        unit: "MiB",
        baseline: "the box before",
        baselineValue: before,
        mostValue: 5,
      },
    ];
  } finally {
    await raw.remove(container);
  }
}

async function repeat(times: number, work: () => Promise<unknown>): Promise<void> {
  for (let time = 0; time < times; time += 1) await work();
}
