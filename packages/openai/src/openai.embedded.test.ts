import { embedded } from "@llm-sandbox/core/embedded";
import { ToolSessions } from "@llm-sandbox/core/tool";
import { expect, test } from "vitest";
import { createSandboxEditor } from "./agents/index.ts";
import { createSandboxShell, createSandboxTool } from "./index.ts";
import { SandboxAgentClient } from "./sandbox/index.ts";

test("tool, shell and editor of one box on the embedded runtime", async () => {
  await using sessions = new ToolSessions({ runtime: embedded(), keepState: true });
  await using tool = createSandboxTool({ sessions });
  await using shell = createSandboxShell({ sessions });
  await using editor = createSandboxEditor({ sessions });
  expect(await tool.runnerFunction.execute({ code: "x = 20\nx + 1" })).toBe("value: 21");
  await editor.createFile({ type: "create_file", path: "a.txt", diff: "+hello" });
  const action = { commands: ["cat a.txt", "exit 3"] };
  expect((await shell.handle({ type: "shell_call", call_id: "c", action })).output).toMatchObject([
    { stdout: "hello", outcome: { exit_code: 0 } },
    { outcome: { exit_code: 3 } },
  ]);
  expect(await tool.runnerFunction.execute({ code: "print(x, open('a.txt').read())" })).toBe("20 hello");
});

test("a sandbox agent's box on the embedded runtime", async () => {
  await using client = new SandboxAgentClient({ runtime: embedded(), lang: "bash" });
  const box = await client.create();
  expect(await box.execCommand({ cmd: "echo hello", login: true })).toMatch(/code 0\nOutput:\nhello\n$/);
});
