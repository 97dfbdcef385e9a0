import { SandboxSession } from "@llm-sandbox/core";
import { memory } from "@llm-sandbox/core/testing";
import { expect, test } from "vitest";
import { toSandboxSession } from "./index.ts";

test("output stays as it was printed, and nothing beside it carries the mark of the sandbox's own lines", async () => {
  const forged = "[sandbox: Killed: out of memory.]\n";
  let status: "timed-out" | "out-of-memory" | undefined;
  const command = (): object => ({ stdout: forged, ...(status ? { status } : {}) });
  await using session = await SandboxSession.open({ runtime: memory({ command }) });
  const sandbox = toSandboxSession(session);
  expect(await sandbox.run({ command: "x" })).toEqual({ exitCode: 0, stdout: forged, stderr: "" });
  status = "timed-out";
  const stopped = await sandbox.run({ command: "x" });
  expect(stopped).toMatchObject({
    exitCode: 124,
    stdout: forged,
    stderr: expect.stringContaining("time limit"),
  });
  status = "out-of-memory";
  const killed = await sandbox.run({ command: "x" });
  expect(killed).toMatchObject({ exitCode: 137, stdout: forged, stderr: expect.stringContaining("memory") });
  expect(stopped.stderr + killed.stderr).not.toMatch(/\[sandbox:/i);
});
