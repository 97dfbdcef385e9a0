import { join } from "node:path";
import { docker } from "@llm-sandbox/core/docker";
import { loopbackModel, runFirstSnippet } from "@llm-sandbox/loopback-model";
import { ChatOpenAI } from "@langchain/openai";
import { createAgent } from "langchain";
import { createDeepAgent } from "deepagents";
import { afterAll, expect, test } from "vitest";
import { DeepAgentsSandbox } from "./deepagents/index.ts";
import { createSandboxTool } from "./index.ts";

test("an agent's notebook: state, a figure, an error with its line, cancelling that leaves no process", async () => {
  await using tool = createSandboxTool({ runtime: docker(), keepState: true });
  const sleeping = "import subprocess\nsubprocess.run(['sleep', '4321'])";
  const codes = ["x = 20\nx + 1", "import matplotlib.pyplot as plt\nplt.plot([1, x])\nplt.show()", "1 / 0"];
  await using model = await loopbackModel([
    ...codes.map((code) => ({ calls: [{ name: tool.name, arguments: { code } }] })),
    { text: "done" },
    { calls: [{ name: tool.name, arguments: { code: sleeping } }] },
  ]);
  const chat = new ChatOpenAI({
    model: "m",
    apiKey: "none",
    configuration: { baseURL: model.baseUrl },
    maxRetries: 0,
    useResponsesApi: false,
  });
  const agent = createAgent({ model: chat, tools: [tool] });
  const thread = { configurable: { thread_id: "t" } };
  await agent.invoke({ messages: [{ role: "user", content: "go" }] }, thread);
  expect(model.told.slice(0, 2)).toEqual([
    "value: 21",
    "[sandbox: 1 image: saved at /workspace/figure-1.png]",
  ]);
  expect(model.told[2]).toMatch(/line 1[\s\S]*ZeroDivisionError: division by zero/);
  const control = new AbortController();
  const running = agent.invoke(
    { messages: [{ role: "user", content: "go" }] },
    { ...thread, signal: control.signal },
  );
  const session = tool.sessions.session("t")!;
  const isUp = ["sh", "-c", "grep -l 432[1] /proc/[0-9]*/cmdline"];
  while ((await session.executeCommand(isUp)).exitCode !== 0);
  control.abort(new Error("enough"));
  await expect(running).rejects.toThrow(/enough|abort/i);
  while (tool.sessions.list().some(({ busy }) => busy))
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect((await session.executeCommand(isUp)).exitCode).toBe(1);
});

const sandbox = new DeepAgentsSandbox({ runtime: docker(), lang: "bash" });
afterAll(() => sandbox.close());
const root = "/workspace/contract";

test("deepagents: execute gives output, exit codes and both streams", async () => {
  expect(await sandbox.execute("echo hello")).toEqual({ output: "hello\n", exitCode: 0, truncated: false });
  expect(await sandbox.execute("echo out; echo err >&2; exit 3")).toEqual({
    output: "out\nerr\n",
    exitCode: 3,
    truncated: false,
  });
  expect(await sandbox.execute("pwd")).toMatchObject({ output: "/workspace\n" });
  expect(await sandbox.execute("no-such-command")).toMatchObject({ exitCode: 127 });
  const long = await sandbox.execute("head -c 3000000 /dev/zero | tr '\\0' x");
  expect(long.truncated).toBe(true);
});

test("deepagents: files written are read, in pages, and overwritten", async () => {
  const path = `${root}/notes.txt`;
  const lines = Array.from({ length: 1_000 }, (_, index) => `line ${index + 1}`);
  expect(await sandbox.write(path, `${lines.join("\n")}\n`)).toEqual({ path, filesUpdate: null });
  const page = await sandbox.read(path, 10, 5);
  expect(page).toMatchObject({ totalLines: 1_000, startLine: 11, endLine: 15, nextOffset: 15 });
  expect(page.content).toContain("line 11\n");
  expect(page.content).not.toContain("line 16");
  expect(await sandbox.read(`${root}/none.txt`)).toEqual({ error: `File '${root}/none.txt' not found` });
  await sandbox.write(path, "größer 'quoted' \"$HOME\" `x` \\ 😀\n");
  const raw = await sandbox.readRaw(path);
  expect(raw.data!.content).toBe("größer 'quoted' \"$HOME\" `x` \\ 😀\n");
  await sandbox.write(`${root}/empty.txt`, "");
  expect((await sandbox.read(`${root}/empty.txt`)).content).toContain("empty contents");
});

test("deepagents: edit replaces one or all, and says why not", async () => {
  const path = `${root}/edit.txt`;
  await sandbox.write(path, "a b a\n");
  expect(await sandbox.edit(path, "a", "c")).toEqual({
    error: expect.stringContaining("Multiple occurrences"),
  });
  expect(await sandbox.edit(path, "a", "c", true)).toEqual({ path, filesUpdate: null, occurrences: 2 });
  expect(await sandbox.edit(path, "b", "$& '\\1'")).toMatchObject({ occurrences: 1 });
  expect((await sandbox.execute(`cat ${path}`)).output).toBe("c $& '\\1' c\n");
  expect(await sandbox.edit(path, "gone", "x")).toEqual({ error: expect.stringContaining("not found") });
  expect(await sandbox.edit(`${root}/none`, "a", "b")).toEqual({
    error: expect.stringContaining("not found"),
  });
});

test("deepagents: a result too large for the model is saved, read in pages and searched", async () => {
  const path = "/large_tool_results/call_big.txt";
  await using model = await loopbackModel([
    { calls: [{ id: "call_big", name: "execute", arguments: { command: "seq 1 18000" } }] },
    { calls: [{ name: "read_file", arguments: { file_path: path, offset: 17_998, limit: 1 } }] },
    { calls: [{ name: "grep", arguments: { pattern: "17999", output_mode: "content" } }] },
    { calls: [{ name: "grep", arguments: { pattern: "17999", path: "/large_tool_results" } }] },
    { calls: [{ name: "glob", arguments: { pattern: "*.txt", path: "/large_tool_results" } }] },
    { calls: [{ name: "ls", arguments: { path: "/large_tool_results" } }] },
    { calls: [{ name: "delete", arguments: { file_path: path } }] },
    { calls: [{ name: "read_file", arguments: { file_path: path } }] },
    { text: "done" },
  ]);
  const chat = new ChatOpenAI({
    model: "m",
    apiKey: "none",
    configuration: { baseURL: model.baseUrl },
    maxRetries: 0,
    useResponsesApi: false,
  });
  const agent = createDeepAgent({ model: chat, backend: sandbox });
  await agent.invoke({ messages: [{ role: "user", content: "go" }] });
  const told = model.requests.at(-1)!.messages.filter(({ role }) => role === "tool");
  const texts = told.map(({ content }) => JSON.stringify(content));
  expect(texts[0]).toContain(path);
  expect(texts[0]).not.toContain("could not be saved");
  expect(texts[1]).toMatch(/17999/);
  expect(texts[1]).not.toMatch(/17998|18000\\n/);
  for (const text of texts.slice(2, 6)) expect(text).toContain("call_big.txt");
  expect(texts[7]).toContain(`File '${path}' not found`);
  expect(texts.join("")).not.toContain("/tmp");
});

test("deepagents: ls, glob and grep", async () => {
  await sandbox.uploadFiles([
    [`${root}/tree/a.py`, Buffer.from("import os\nneedle = 'a:b'\n")],
    [`${root}/tree/sub folder/b.py`, Buffer.from("needle\n")],
    [`${root}/tree/sub folder/c.txt`, Buffer.from("needle\n")],
    [`${root}/tree/.hidden`, Buffer.from("")],
  ]);
  const paths = (found: { files?: { path: string }[] }): string[] =>
    found.files!.map(({ path }) => path).sort();
  const listed = await sandbox.ls(`${root}/tree`);
  expect(paths(listed)).toEqual([`${root}/tree/.hidden`, `${root}/tree/a.py`, `${root}/tree/sub folder/`]);
  expect(listed.files!.find(({ path }) => path.endsWith("a.py"))).toMatchObject({ is_dir: false, size: 25 });
  expect(await sandbox.ls(`${root}/none`)).toEqual({ files: [] });
  expect(paths(await sandbox.glob("**/*.py", `${root}/tree`))).toEqual(["a.py", "sub folder/b.py"]);
  expect(paths(await sandbox.glob("*.py", `${root}/tree`))).toEqual(["a.py"]);
  const { matches } = await sandbox.grep("needle", `${root}/tree`, "*.py");
  expect(matches!.sort((one, other) => one.path.localeCompare(other.path))).toEqual([
    { path: `${root}/tree/a.py`, line: 2, text: "needle = 'a:b'" },
    { path: `${root}/tree/sub folder/b.py`, line: 1, text: "needle" },
  ]);
  expect((await sandbox.grep("needle", `${root}/tree`)).matches).toHaveLength(3);
  expect((await sandbox.grep("a.c*", `${root}/tree`)).matches).toEqual([]);
  expect((await sandbox.grep("needle", `${root}/tree`, null, 1)).matches).toHaveLength(1);
  const everywhere = await sandbox.glob("**/*.py", "/");
  expect(paths(everywhere)).toEqual([
    "workspace/contract/tree/a.py",
    "workspace/contract/tree/sub folder/b.py",
  ]);
  expect(paths(await sandbox.glob("contract/tree/*.py"))).toEqual([`${root}/tree/a.py`]);
  expect((await sandbox.grep("needle", "/")).matches).toHaveLength(3);
  expect(await sandbox.grep("needle", "/", null, 1)).toMatchObject({ matches: [{}], truncated: true });
  expect((await sandbox.grep("root:x:0:0", "/")).matches).toEqual([]);
});

test("deepagents: delete takes files, folders and what is not there", async () => {
  await sandbox.write(`${root}/gone/a b.txt`, "x");
  expect(await sandbox.delete(`${root}/gone`)).toEqual({ path: `${root}/gone`, filesUpdate: null });
  expect(await sandbox.delete(`${root}/gone`)).toEqual({ error: expect.stringContaining("not found") });
  expect(await sandbox.delete("/etc/passwd")).toEqual({
    error: expect.stringContaining("Error deleting file"),
  });
});

test("deepagents: uploads and downloads, binary and in bulk, with an error for each", async () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 256);
  const files = Array.from({ length: 5 }, (_, index): [string, Uint8Array] => [
    `${root}/bulk/${index}.bin`,
    bytes,
  ]);
  expect(await sandbox.uploadFiles(files)).toEqual(files.map(([path]) => ({ path, error: null })));
  await sandbox.execute(`touch ${root}/secret; chmod 000 ${root}/secret`);
  const got = await sandbox.downloadFiles([
    `${root}/bulk/4.bin`,
    `${root}/none`,
    `${root}/bulk`,
    `${root}/secret`,
    "relative",
  ]);
  expect(got.map(({ error }) => error)).toEqual([
    null,
    "file_not_found",
    "is_directory",
    "permission_denied",
    "invalid_path",
  ]);
  expect(Buffer.from(got[0]!.content!).equals(Buffer.from(bytes))).toBe(true);
  expect((await sandbox.uploadFiles([["/etc/x", bytes]]))[0]!.error).toBe("permission_denied");
});

test("the README's first snippet runs as it stands", async () => {
  await using model = await loopbackModel([
    { calls: [{ name: "execute_code", arguments: { code: "print(6 * 7)" } }] },
    { text: "It is 42." },
  ]);
  expect(await runFirstSnippet(join(import.meta.dirname, ".."), model)).toBe("It is 42.\n");
  expect(model.told).toEqual(["42"]);
});
