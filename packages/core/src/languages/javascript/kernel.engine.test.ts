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
});
