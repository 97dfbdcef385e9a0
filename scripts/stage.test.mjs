import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { runStage } from "./stage.mjs";

const run = (program, timeoutMs = 10_000) =>
  runStage({ name: "sample", command: process.execPath, args: ["-e", program], timeoutMs, show: false });

test("tells success from failure, with the last output", async () => {
  expect(await run("console.log('hello')")).toMatchObject({ ok: true, timedOut: false });
  const failed = await run("console.error('why'); process.exit(3)");
  expect(failed).toMatchObject({ ok: false, timedOut: false });
  expect(failed.tail).toContain("why");
});

test("ends a stage that hangs and says so", async () => {
  const stage = await run("console.log('begun'); setInterval(() => {}, 1000)", 500);
  expect(stage).toMatchObject({ ok: false, timedOut: true });
  expect(stage.tail).toMatch(/begun[\s\S]*Stopped after/);
});

test("ends what a hanging stage had started", async () => {
  const folder = mkdtempSync(join(tmpdir(), "stage-test-"));
  const beat = join(folder, "beat");
  const inner = `setInterval(() => require("fs").writeFileSync(${JSON.stringify(beat)}, String(Date.now())), 20)`;
  const outer =
    `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(inner)}]);` +
    "process.on('SIGTERM', () => process.exit(1)); setInterval(() => {}, 1000)";
  expect(await run(outer, 1500)).toMatchObject({ timedOut: true });
  const last = readFileSync(beat, "utf8");
  await sleep(300);
  expect(readFileSync(beat, "utf8")).toBe(last);
  rmSync(folder, { recursive: true });
});
