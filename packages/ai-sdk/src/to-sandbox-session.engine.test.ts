import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { SandboxSession } from "@llm-sandbox/core";
import { docker } from "@llm-sandbox/core/docker";
import { loopbackModel } from "@llm-sandbox/loopback-model";
import { generateText, isStepCount } from "ai";
import type { Experimental_SandboxSession } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { afterAll, beforeAll, expect, test } from "vitest";
import { shellExecute, toSandboxSession } from "./index.ts";

let session: SandboxSession;
let sandbox: Experimental_SandboxSession;

beforeAll(async () => {
  session = await SandboxSession.open({ lang: "bash", runtime: docker() });
  sandbox = toSandboxSession(session);
});
afterAll(() => session.close());

test("a command runs in the working folder, with its exit code, environment and folder", async () => {
  expect(await sandbox.run({ command: "pwd; echo $A >&2; exit 3", env: { A: "b" } })).toEqual({
    exitCode: 3,
    stdout: "/workspace\n",
    stderr: "b\n",
  });
  await sandbox.writeTextFile({ path: "deep/er/x.txt", content: "1\n2\n3\n" });
  const { stdout } = await sandbox.run({ command: "cat x.txt", workingDirectory: "deep/er" });
  expect(stdout).toBe("1\n2\n3\n");
  expect((await sandbox.run({ command: "kill -9 $$" })).exitCode).toBe(137);
});

test("files are written with their folders, read by lines, and null when they are not there", async () => {
  await sandbox.writeTextFile({ path: "a/b.txt", content: "one\ntwo\nthree" });
  const read = (more: object = {}): PromiseLike<string | null> =>
    sandbox.readTextFile({ path: "a/b.txt", ...more });
  expect(await read()).toBe("one\ntwo\nthree");
  expect(await read({ startLine: 2, endLine: 2 })).toBe("two\n");
  expect(await read({ startLine: 2, endLine: 99 })).toBe("two\nthree");
  expect(await sandbox.readTextFile({ path: "none" })).toBeNull();
  expect(await sandbox.readBinaryFile({ path: "none" })).toBeNull();
  expect(await sandbox.readFile({ path: "none" })).toBeNull();
  expect(await new Response(await sandbox.readFile({ path: "/workspace/a/b.txt" })).text()).toBe(
    "one\ntwo\nthree",
  );
  await sandbox.writeFile({ path: "a/b.txt", content: new Blob(["new"]).stream() });
  expect(Buffer.from((await sandbox.readBinaryFile({ path: "a/../a/b.txt" }))!).toString()).toBe("new");
  await expect(sandbox.writeTextFile({ path: "a", content: "x" })).rejects.toThrow(/folder|director/);
  await expect(sandbox.readTextFile({ path: "a" })).rejects.toThrow(/folder|director/);
});

test("stat follows links, lists tell them, and deleting takes the link", async () => {
  await sandbox.run({
    command: "mkdir -p d && echo hi > d/file && ln -s d/file link && ln -s d folder && ln -s no dangling",
  });
  expect(await sandbox.stat({ path: "link" })).toEqual({ type: "file", size: 3 });
  expect(await sandbox.stat({ path: "folder/file" })).toEqual({ type: "file", size: 3 });
  expect(await sandbox.stat({ path: "dangling" })).toBeNull();
  expect(await sandbox.stat({ path: "none" })).toBeNull();
  expect((await sandbox.stat({ path: "." }))?.type).toBe("directory");
  expect(await sandbox.readTextFile({ path: "folder/file" })).toBe("hi\n");
  await sandbox.writeTextFile({ path: "folder/new", content: "n" });
  expect(await sandbox.readTextFile({ path: "d/new" })).toBe("n");
  expect(await sandbox.listDirectory({ path: "." })).toEqual(
    expect.arrayContaining([
      { name: "d", type: "directory" },
      { name: "link", type: "symlink" },
    ]),
  );
  expect(await sandbox.listDirectory({ path: "none" })).toBeNull();
  await expect(sandbox.listDirectory({ path: "d/file" })).rejects.toThrow(/folder|director/);
  expect(await sandbox.deleteFile({ path: "link" })).toBe(true);
  expect(await sandbox.deleteFile({ path: "link" })).toBe(false);
  expect(await sandbox.readTextFile({ path: "d/file" })).toBe("hi\n");
  await expect(sandbox.deleteFile({ path: "d" })).rejects.toThrow("folder");
});

test("a spawned process streams both ways, can be waited on and killed", async () => {
  const process = await sandbox.spawn({ command: "cat; echo end >&2", stdin: true });
  const writer = process.stdin.getWriter();
  await writer.write(Buffer.from("there\n"));
  await writer.close();
  const [out, error, end] = await Promise.all([
    new Response(process.stdout).text(),
    new Response(process.stderr).text(),
    process.wait(),
  ]);
  expect([out, error, end]).toEqual(["there\n", "end\n", { exitCode: 0 }]);
  const long = await sandbox.spawn({ command: "sleep 4321" });
  expect("stdin" in long).toBe(false);
  await long.kill();
  await long.kill();
  expect(await long.wait()).toEqual({ exitCode: 137 });
});

test("aborting kills, and rejects with the reason", async () => {
  const control = new AbortController();
  const process = await sandbox.spawn({ command: "sleep 4322", abortSignal: control.signal });
  const running = sandbox.run({ command: "sleep 4322", abortSignal: control.signal });
  control.abort(new Error("enough"));
  await Promise.all([
    expect(process.wait()).rejects.toThrow("enough"),
    expect(running).rejects.toThrow("enough"),
  ]);
  expect(
    (await sandbox.run({ command: "pgrep -f 'sleep 432[2]' || ps ax | grep 'sleep 432[2]'" })).stdout,
  ).toBe("");
});

test("Anthropic's bash tool runs in it", async () => {
  let told: unknown;
  const usage = {
    inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 1, text: 1, reasoning: 0 },
  };
  const model = new MockLanguageModelV4({
    doGenerate: async ({ prompt }) => {
      told = prompt.findLast(({ role }) => role === "tool")?.content;
      return told
        ? {
            content: [{ type: "text", text: "Done." }],
            finishReason: { unified: "stop", raw: "stop" },
            usage,
            warnings: [],
          }
        : {
            content: [
              { type: "tool-call", toolCallId: "1", toolName: "bash", input: '{"command":"echo hi"}' },
            ],
            finishReason: { unified: "tool-calls", raw: "tool_use" },
            usage,
            warnings: [],
          };
    },
  });
  await generateText({
    model,
    prompt: "Go.",
    tools: { bash: createAnthropic({ apiKey: "none" }).tools.bash_20250124() },
    experimental_sandbox: sandbox,
    stopWhen: isStepCount(3),
  });
  expect(told).toMatchObject([{ output: { value: { exitCode: 0, stdout: "hi\n", stderr: "" } } }]);
});

test("OpenAI's shell tool runs in a session", async () => {
  await using model = await loopbackModel([
    {
      items: [
        {
          type: "shell_call",
          id: "sh_1",
          call_id: "call_1",
          status: "completed",
          action: { commands: ["echo one", "exit 4", "sleep 9"], timeout_ms: 500, max_output_length: 1_000 },
        },
      ],
    },
    { text: "Done." },
  ]);
  const openai = createOpenAI({ apiKey: "none", baseURL: model.baseUrl });
  const { text } = await generateText({
    model: openai.responses("m"),
    prompt: "Go.",
    tools: { shell: openai.tools.shell({ environment: { type: "local" }, execute: shellExecute(session) }) },
    stopWhen: isStepCount(3),
  });
  expect(text).toBe("Done.");
  expect(JSON.parse(model.told[0]!)).toEqual([
    { stdout: "one\n", stderr: "", outcome: { type: "exit", exit_code: 0 } },
    { stdout: "", stderr: "", outcome: { type: "exit", exit_code: 4 } },
    {
      stdout: "",
      stderr: expect.stringMatching(/^\[sandbox: Stopped: .*together, 500 ms, was over\.\]$/),
      outcome: { type: "timeout" },
    },
  ]);
});
