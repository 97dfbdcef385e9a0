import { expect, test, vi } from "vitest";
import { SandboxSession } from "./session.ts";
import { memory } from "./testing/memory.ts";
import type { MemoryOptions } from "./testing/memory.ts";

const open = (run: NonNullable<MemoryOptions["run"]>): Promise<SandboxSession> =>
  SandboxSession.open({ runtime: memory({ run }) });

test("output is iterated as it comes, and the result has all of it", async () => {
  await using session = await open(async function* () {
    yield { stdout: "a" };
    yield { stderr: "b" };
    yield { stdout: "c", value: "7" };
  });
  const running = session.stream("x");
  const heard: string[] = [];
  for await (const { stream, text } of running) heard.push(`${stream} ${text}`);
  expect(heard).toEqual(["stdout a", "stderr b", "stdout c"]);
  expect(await running.result).toMatchObject({ status: "ok", stdout: "ac", stderr: "b", value: "7" });
});

test("without a loop the result comes all the same", async () => {
  await using session = await open(async function* () {
    for (let piece = 0; piece < 200; piece += 1) yield { stdout: "x".repeat(65_536) };
  });
  const { truncated } = await session.stream("x").result;
  expect(truncated.stdout.bytes).toBe(200 * 65_536);
});

test("the loop's pace is the program's", async () => {
  let made = 0;
  await using session = await open(async function* () {
    for (; made < 1_000; made += 1) yield { stdout: "x".repeat(65_536) };
  });
  for await (const _ of session.stream("x")) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    break;
  }
  expect(made).toBeLessThan(500);
});

test("leaving the loop cancels the run", async () => {
  let stopped = false;
  await using session = await open(async function* ({ signal }) {
    try {
      while (!signal.aborted) {
        yield { stdout: "again" };
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      stopped = signal.aborted;
    }
  });
  const running = session.stream("x");
  for await (const { text } of running) if (text.includes("again")) break;
  expect(await running.result).toMatchObject({ status: "cancelled" });
  await vi.waitFor(() => expect(stopped).toBe(true));
});

test("what the sandbox could not do rejects the loop and the result", async () => {
  await using session = await open(() => ({}));
  const running = session.stream("x", { timeoutMs: -1 });
  await expect(async () => {
    for await (const _ of running);
  }).rejects.toMatchObject({ code: "INVALID_OPTION" });
  await expect(running.result).rejects.toMatchObject({ code: "INVALID_OPTION" });
});
