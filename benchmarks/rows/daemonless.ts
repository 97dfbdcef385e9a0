import { readdirSync, readFileSync } from "node:fs";
import type { SandboxSession } from "@llm-sandbox/core";
import type { Boxes } from "../boxes.ts";
import { elapsedMs, inTurns, median } from "../measure.ts";
import type { RawDocker } from "../raw-docker.ts";
import type { RawOci } from "../raw-oci.ts";
import type { Measurement } from "../row.ts";

/** Highest ratios to `docker run` that the project allows. */
export interface DaemonlessBars {
  readonly open: number;
  readonly lifecycle: number;
}

/** Opening, closing and the whole life of a box without a daemon, beside `docker run` on the same root. */
export async function measureDaemonless(
  boxes: Boxes,
  raw: RawDocker,
  rounds: number,
  bars: DaemonlessBars,
): Promise<Measurement[]> {
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
  const life = await inTurns(
    rounds,
    () =>
      elapsedMs(async () => {
        await using session = await boxes.open();
        await session.run("print(1)");
      }),
    async () => (await raw.run(["python3", "-c", "print(1)"])).endMs,
  );
  const run = { baseline: "docker run --rm --network none", unit: "ms" } as const;
  return [
    { name: "open", value: opened.ours, ...run, baselineValue: opened.theirs, mostRatio: bars.open },
    { name: "close-returns", value: median(closeMs), ...run, baselineValue: opened.theirs },
    { name: "close-gone", value: median(goneMs), ...run, baselineValue: opened.theirs },
    { name: "lifecycle", value: life.ours, ...run, baselineValue: life.theirs, mostRatio: bars.lifecycle },
  ];
}

/** A hundred boxes opened together, beside ten containers started together. */
export async function measureHundred(boxes: Boxes, raw: RawDocker): Promise<Measurement[]> {
  const sessions: SandboxSession[] = [];
  const value = await elapsedMs(async () => {
    const opening = Array.from({ length: 100 }, () => boxes.open({ lang: "cpp" }));
    sessions.push(...(await Promise.all(opening)));
  });
  await Promise.all(sessions.map((session) => session.close()));
  const baselineValue = await elapsedMs(() =>
    Promise.all(Array.from({ length: 10 }, () => raw.run(["true"]))),
  );
  return [
    {
      name: "open-hundred",
      value,
      unit: "ms",
      baseline: "10 × docker run, together",
      baselineValue,
      mostValue: 5_000,
    },
  ];
}

const outputBytes = 500 * 1_048_576;
const flood = ["head", "-c", String(outputBytes), "/dev/zero"];

/** 500 MiB of output to the host, beside the plain pipe of the same OCI runtime. */
export async function measurePipe(boxes: Boxes, raw: RawOci, rounds: number): Promise<Measurement[]> {
  await using session = await boxes.open();
  const run = async (): Promise<void> => {
    const result = await session.executeCommand(flood, { timeoutMs: 120_000 });
    if (result.truncated.stdout.bytes !== outputBytes) throw new Error("bytes are missing");
  };
  await run();
  const times = await inTurns(
    rounds,
    () => elapsedMs(run),
    () => raw.drain(flood),
  );
  return [
    {
      name: "output-500mb",
      value: times.ours,
      unit: "ms",
      baseline: "a plain pipe of the same OCI runtime",
      baselineValue: times.theirs,
      mostRatio: 1.2,
    },
  ];
}

/**
 * Memory of a box that waits without an interpreter, with its supervisor; beside a container that sleeps, with its shim.
 * Pages that several processes share are counted in parts: the program is one file for all boxes.
 */
export async function measureIdleProcesses(boxes: Boxes, raw: RawDocker): Promise<Measurement[]> {
  await using session = await boxes.open({ lang: "cpp" });
  await session.executeCommand(["true"]);
  const processes = allProcesses();
  const supervisor = processes.find(
    ({ command }) => command.startsWith("llm-sandbox-supervisor") && command.includes(boxes.last.id),
  )!;
  const value =
    memoryMiB(supervisor.pid) + childrenOf(supervisor.pid).reduce((all, pid) => all + memoryMiB(pid), 0);
  const container = await raw.start();
  try {
    const { State } = await container.inspect();
    const shim = Number(status(State.Pid, "PPid"));
    const baselineValue = memoryMiB(State.Pid) + memoryMiB(shim);
    return [
      {
        name: "idle-memory",
        value,
        unit: "MiB",
        baseline: "sleep infinity and its shim",
        baselineValue,
        mostValue: 8,
      },
    ];
  } finally {
    await raw.remove(container);
  }
}

function allProcesses(): { pid: number; command: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [{ pid: Number(pid), command: readFileSync(`/proc/${pid}/cmdline`, "utf8") }];
      } catch {
        return [];
      }
    });
}

function childrenOf(parent: number): number[] {
  return allProcesses()
    .map(({ pid }) => pid)
    .filter((pid) => status(pid, "PPid") === String(parent));
}

function memoryMiB(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s*(\d+)/m.exec(rollup)?.[1]) / 1_024;
}

function status(pid: number, field: string): string | undefined {
  try {
    return new RegExp(`^${field}:\\s*(.*)$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}
