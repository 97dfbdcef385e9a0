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
