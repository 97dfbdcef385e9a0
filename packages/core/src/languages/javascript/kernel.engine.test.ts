import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EngineUnderTest } from "../../runtimes/docker/testing/engine-under-test.ts";
import { SandboxSession } from "../../session.ts";

const engine = await EngineUnderTest.find();

describe.skipIf(!engine).each(["javascript", "typescript"] as const)("%s in the default image", (lang) => {
  let session: SandboxSession;
  beforeAll(async () => {
    session = await SandboxSession.open({ lang });
  });
  afterAll(() => session?.close());

  test.each([
    ["import fs from 'node:fs'; 5", "5"],
    ["const y = await Promise.resolve(7);\ny", "7"],
    ["export const q = 1;\n[q, typeof import.meta.url]", "[ 1, 'string' ]"],
  ])("a module has the value of its last expression: %j", async (code, value) => {
    expect(await session.run(code)).toMatchObject({ status: "ok", stderr: "", value });
  });

  test("a context tells in the next run of an error after the end of one", async () => {
    await using context = session.createContext();
    const started = await context.run(
      "setTimeout(() => { throw new Error('later') }, 50); Promise.reject(7)",
    );
    expect(started).toMatchObject({ status: "ok", stderr: "Uncaught 7\n" });
    await sleep(500);
    const next = await context.run("1 + 1");
    expect(next).toMatchObject({ status: "ok", value: "2", error: null });
    expect(next.stderr).toMatch(/Error: later\n {4}at .*<run 1>:1:/);
    expect(await context.run("2")).toMatchObject({ status: "ok", stderr: "" });
  });
});
