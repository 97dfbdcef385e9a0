import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { SandboxError } from "@llm-sandbox/core";
import type { Boxes } from "../boxes.ts";
import { elapsedMs, inTurns, memoryGrowthMiB } from "../measure.ts";
import type { RawDocker } from "../raw-docker.ts";
import type { Measurement } from "../row.ts";

const execute = promisify(execFile);
const outputBytes = 500 * 1_048_576;
const flood = ["head", "-c", String(outputBytes), "/dev/zero"];

/** 500 MiB of output to the host, beside the raw attached socket; and what the host's memory grew by. */
export async function measureOutput(boxes: Boxes, raw: RawDocker, rounds: number): Promise<Measurement[]> {
  await using session = await boxes.open();
  const run = async (): Promise<void> => {
    const result = await session.executeCommand(flood, { timeoutMs: 120_000 });
    if (result.truncated.stdout.bytes !== outputBytes) {
      throw new SandboxError("PROTOCOL_ERROR", `Only ${result.truncated.stdout.bytes} bytes came.`);
    }
  };
  await run();
  const times = await inTurns(
    rounds,
    () => elapsedMs(run),
    () => raw.drain(flood),
  );
  const theirGrowth = await memoryGrowthMiB(() => raw.drain(flood));
  const ourGrowth = await memoryGrowthMiB(run);
  return [
    {
      name: "output-500mb",
      value: times.ours,
      unit: "ms",
      baseline: "docker attach, thrown away",
      baselineValue: times.theirs,
      mostRatio: 1.5,
    },
    {
      name: "output-500mb-memory",
      value: ourGrowth,
      unit: "MiB",
      baseline: "docker attach, thrown away",
      baselineValue: Math.max(theirGrowth, 0.1),
      mostValue: 64,
    },
  ];
}

/** A file of 50 MiB in and out, beside `docker cp`. */
export async function measureCopies(boxes: Boxes, raw: RawDocker, rounds: number): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), "llm-sandbox-bench-"));
  await using session = await boxes.open();
  const container = await raw.start();
  try {
    const source = join(folder, "source.bin");
    await writeFile(source, randomBytes(50 * 1_048_576));
    const inbound = await inTurns(
      rounds,
      () => elapsedMs(() => session.copyToRuntime(source, "copied.bin")),
      () => elapsedMs(() => execute("docker", ["cp", source, `${container.id}:/copied.bin`])),
    );
    const outbound = await inTurns(
      rounds,
      () => elapsedMs(() => session.copyFromRuntime("copied.bin", join(folder, "ours.bin"))),
      () =>
        elapsedMs(() => execute("docker", ["cp", `${container.id}:/copied.bin`, join(folder, "theirs.bin")])),
    );
    const baseline = "docker cp";
    return [
      {
        name: "copy-in-50mb",
        value: inbound.ours,
        unit: "ms",
        baseline,
        baselineValue: inbound.theirs,
        mostRatio: 1,
      },
      {
        name: "copy-out-50mb",
        value: outbound.ours,
        unit: "ms",
        baseline,
        baselineValue: outbound.theirs,
        mostRatio: 1,
      },
    ];
  } finally {
    await raw.remove(container);
    await rm(folder, { recursive: true });
  }
}

/** Memory of a box that has run code once and waits, beside a container that sleeps. */
export async function measureIdleMemory(boxes: Boxes, raw: RawDocker): Promise<Measurement[]> {
  await using session = await boxes.open();
  await session.run("print(1)");
  const container = await raw.start();
  try {
    const value = await raw.memoryMiB(boxes.last.id);
    const baselineValue = await raw.memoryMiB(container.id);
    return [{ name: "idle-memory", value, unit: "MiB", baseline: "sleep infinity", baselineValue }];
  } finally {
    await raw.remove(container);
  }
}
