import { expect, test } from "vitest";
import { SandboxSession } from "./session.ts";
import { memory } from "./testing/memory.ts";

test("code runs, and its output, exit code and value come back", async () => {
  const runtime = memory({
    run: ({ code, language }) => ({ stdout: `${language}: ${code}\n`, stderr: "note\n", value: "42" }),
  });
  await using session = await SandboxSession.open({ lang: "python", runtime });
  const result = await session.run("6 * 7", { timeoutMs: 5_000 });
  expect(result).toMatchObject({
    status: "ok",
    exitCode: 0,
    stdout: "python: 6 * 7\n",
    stderr: "note\n",
    value: "42",
    error: null,
  });
});
