import { SandboxSession } from "@llm-sandbox/core";
import { memory } from "@llm-sandbox/core/testing";
import { expect, test } from "vitest";
import { sandboxProvider } from "./harness.ts";

const runtime = memory({ command: ({ shell }) => ({ stdout: `$ ${shell}` }) });

test("every harness session has a sandbox of its own, which ends with it", async () => {
  const provider = sandboxProvider({ lang: "bash", runtime });
  const first = await provider.createSession({
    onFirstCreate: async (sandbox) => {
      await sandbox.writeTextFile({ path: "setup", content: "done" });
    },
  });
  const second = await provider.createSession();
  expect(first.id).not.toBe(second.id);
  expect(first.defaultWorkingDirectory).toBe("/workspace");
  expect(await first.readTextFile({ path: "setup" })).toBe("done");
  expect(await second.readTextFile({ path: "setup" })).toBeNull();
  expect(await second.restricted().run({ command: "ls" })).toEqual({
    exitCode: 0,
    stdout: "$ ls",
    stderr: "",
  });
  expect("stop" in second.restricted()).toBe(false);
  await expect(first.getPortEndpoint({ port: 80 })).rejects.toThrow("opens no ports");
  await first.stop();
  await first.destroy();
  await expect(first.run({ command: "ls" })).rejects.toThrow("closed");
  await second.destroy();
});

test("a setup that fails leaves no sandbox, and a given session stays its owner's", async () => {
  const failing = sandboxProvider({ runtime });
  const call = failing.createSession({ onFirstCreate: () => Promise.reject(new Error("no")) });
  await expect(call).rejects.toThrow("no");
  const session = await SandboxSession.open({ runtime });
  const wrapped = await sandboxProvider({ session }).createSession();
  await wrapped.destroy();
  expect(session.isOpen).toBe(true);
  await session.close();
  expect(() => sandboxProvider({ session, lang: "bash" })).toThrow("both given");
  expect(() => sandboxProvider({ colour: "red" } as object)).toThrow("colour");
});
