import { memory } from "@llm-sandbox/core/testing";
import type { MemoryOptions } from "@llm-sandbox/core/testing";
import { loopbackModel } from "@llm-sandbox/loopback-model";
import type { LoopbackModel, ScriptedTurn } from "@llm-sandbox/loopback-model";
import { OpenAIResponsesModel, RunState, run, setTracingDisabled, tool } from "@openai/agents";
import { Manifest, SandboxAgent, file, gitRepo } from "@openai/agents/sandbox";
import OpenAI from "openai";
import { expect, test } from "vitest";
import { SandboxAgentClient } from "./index.ts";
import type { SandboxAgentClientOptions } from "./index.ts";

setTracingDisabled(true);

const png = Buffer.from("89504e470d0a1a0a", "hex");

const make = (script: MemoryOptions = {}, options: SandboxAgentClientOptions = {}): SandboxAgentClient =>
  new SandboxAgentClient({ runtime: memory(script), ...options });

function agentOf(model: LoopbackModel, manifest?: Manifest): SandboxAgent {
  const client = new OpenAI({ apiKey: "none", baseURL: model.baseUrl, maxRetries: 0 });
  return new SandboxAgent({
    name: "a",
    model: new OpenAIResponsesModel(client, "gpt-5"),
    ...(manifest ? { defaultManifest: manifest } : {}),
  });
}

const exec = (cmd: string): ScriptedTurn => ({
  calls: [{ name: "exec_command", arguments: { cmd, login: false } }],
});

test("a sandbox agent runs commands, edits files and sees pictures", async () => {
  const operation = { type: "create_file", path: "b.txt", diff: "+made" };
  await using model = await loopbackModel([
    exec("show"),
    {
      items: [{ type: "apply_patch_call", id: "p", call_id: "p", status: "completed", operation }],
    },
    { calls: [{ name: "view_image", arguments: { path: "plot.png" } }] },
    { text: "done" },
  ]);
  const lines: unknown[] = [];
  await using client = make({
    command: ({ shell, env, files }) => {
      lines.push(shell);
      return { stdout: `${files.read("/workspace/a.txt").toString()} ${env["MODE"]}\n`, exitCode: 3 };
    },
  });
  const manifest = new Manifest({
    entries: { "a.txt": file({ content: "hello" }), "plot.png": file({ content: png }) },
    environment: { MODE: "test" },
  });
  const { finalOutput } = await run(agentOf(model, manifest), "go", { sandbox: { client } });
  expect(finalOutput).toBe("done");
  expect(lines).toEqual(["show"]);
  expect(model.told[0]).toMatch(/^Wall time: .*\nProcess exited with code 3\nOutput:\nhello test\n$/);
  expect(model.told[1]).toBe("Created b.txt.");
  expect(JSON.stringify(model.requests[3]!.messages.at(-1))).toContain(
    `data:image/png;base64,${png.toString("base64")}`,
  );
});

test("a run that ends closes its box; one that was given stays", async () => {
  await using model = await loopbackModel([exec("x"), { text: "done" }, exec("x"), { text: "done" }]);
  await using client = make({ command: () => ({ stdout: "ran\n" }) });
  await run(agentOf(model), "go", { sandbox: { client } });
  const session = await client.create();
  await run(agentOf(model), "go", { sandbox: { client, session } });
  expect(await session.running()).toBe(true);
  expect(model.told[0]).toContain("ran");
});

test("a box is gone back to while it runs, and by its saved files afterwards", async () => {
  const runtime = memory();
  const first = new SandboxAgentClient({ runtime, resumable: true });
  const box = await first.create(new Manifest({ entries: { "a.txt": file({ content: "kept" }) } }));
  const state = JSON.parse(JSON.stringify(await first.serializeSessionState(box.state))) as Record<
    string,
    unknown
  >;
  expect(await first.resume(await first.deserializeSessionState(state))).toBe(box);
  await first[Symbol.asyncDispose]();
  expect(await box.running()).toBe(false);
  await using second = new SandboxAgentClient({ runtime });
  const again = await second.resume(await second.deserializeSessionState(state));
  expect(Buffer.from(await again.readFile({ path: "a.txt" })).toString()).toBe("kept");
});

test.each([true, false])(
  "a run that waits for a person goes on with its files, resumable: %s",
  async (resumable) => {
    await using model = await loopbackModel([
      exec("write"),
      { calls: [{ name: "ask", arguments: {} }] },
      exec("read"),
      { text: "done" },
    ]);
    const runtime = memory({
      command: ({ argv, files }) => {
        if (argv[2] === "write") files.write("/workspace/a", Buffer.from("kept"));
        return { stdout: files.read("/workspace/a").toString() };
      },
    });
    const ask = tool({
      name: "ask",
      description: "Asks.",
      parameters: { type: "object", properties: {}, required: [], additionalProperties: true },
      strict: false,
      needsApproval: true,
      execute: () => "yes",
    });
    const agent = agentOf(model);
    agent.tools.push(ask);
    const first = new SandboxAgentClient({ runtime, resumable });
    const waiting = await run(agent, "go", { sandbox: { client: first } });
    expect(waiting.interruptions).toHaveLength(1);
    let state = waiting.state;
    let client = first;
    if (resumable) {
      // As in another process, later: only the text is left.
      const text = state.toString();
      await first[Symbol.asyncDispose]();
      state = (await RunState.fromString(agent, text)) as typeof state;
      client = new SandboxAgentClient({ runtime, resumable });
    }
    state.approve(state.getInterruptions()[0]!);
    expect((await run(agent, state, { sandbox: { client } })).finalOutput).toBe("done");
    expect(model.told.at(-1)).toMatch(/Output:\nkept$/);
    await client[Symbol.asyncDispose]();
  },
);

test("a box that was not saved is not made up", async () => {
  await using client = make();
  const box = await client.create();
  const state = await client.deserializeSessionState(await client.serializeSessionState(box.state));
  await client.delete(state);
  await expect(client.resume(state)).rejects.toMatchObject({ code: "SESSION_CLOSED" });
});

test("what cannot be done is refused before anything starts", async () => {
  await using client = make();
  const refused = { code: "UNSUPPORTED" };
  await expect(client.create(new Manifest({ root: "/elsewhere" }))).rejects.toMatchObject(refused);
  const repo = gitRepo({ repo: "a/b" });
  await expect(client.create(new Manifest({ entries: { repo } }))).rejects.toMatchObject(refused);
  await expect(client.create({ options: { a: 1 } })).rejects.toMatchObject(refused);
  await expect(client.create({ snapshot: { type: "local" } })).rejects.toMatchObject(refused);
  const box = await client.create();
  await expect(box.exec({ cmd: "ls", runAs: "root" })).rejects.toMatchObject(refused);
  expect(await box.exec({ cmd: "ls", tty: true })).toMatchObject({
    exitCode: 1,
    output: expect.stringContaining("no terminal"),
  });
  expect((await box.exec({ cmd: "x".repeat(1_048_576) })).output).toContain("at most 120,000 fit");
  expect(() => new SandboxAgentClient({ colour: "red" } as never)).toThrow(
    expect.objectContaining({ code: "INVALID_OPTION" }),
  );
});

test("files and folders of a box", async () => {
  await using client = make();
  const box = await client.create();
  await box.materializeEntry({
    path: "folder",
    entry: { type: "dir", children: { "a.txt": file({ content: "abc" }), sub: { type: "dir" } } },
  });
  expect(await box.listDir({ path: "folder" })).toEqual([
    { name: "a.txt", path: "/workspace/folder/a.txt", type: "file" },
    { name: "sub", path: "/workspace/folder/sub", type: "dir" },
  ]);
  expect(await box.pathExists("folder/a.txt")).toBe(true);
  expect(await box.directoryExists("/workspace/folder")).toBe(true);
  expect(await box.directoryExists("folder/a.txt")).toBe(false);
  expect(await box.directoryExists("none")).toBe(false);
  expect(Buffer.from(await box.readFile({ path: "folder/a.txt", maxBytes: 2 })).toString()).toBe("ab");
  await expect(box.readFile({ path: "none" })).rejects.toThrow("There is no such file");
});

test.each([
  ["none.png", "FileNotFound"],
  ["../../etc/logo.png", "PathOutside"],
  ["folder", "NotAFile"],
  ["folder/a.txt", "is not a supported image file"],
])("why the picture %s is not seen is told the model: %s", async (path, reason) => {
  await using model = await loopbackModel([
    { calls: [{ name: "view_image", arguments: { path } }] },
    { text: "done" },
  ]);
  await using client = make();
  const manifest = new Manifest({
    entries: { folder: { type: "dir", children: { "a.txt": file({ content: "abc" }) } } },
  });
  await run(agentOf(model, manifest), "go", { sandbox: { client } });
  expect(model.told[0]).toContain(reason);
  expect(model.told[0]).not.toContain("Error");
});

test("a box that dies is told, without details of this machine", async () => {
  const errors: unknown[] = [];
  await using client = make(
    { command: ({ loseBox }) => loseBox() },
    { onError: (error) => errors.push(error) },
  );
  await using model = await loopbackModel([exec("die"), exec("more"), { text: "done" }]);
  await run(agentOf(model), "go", { sandbox: { client } });
  expect(model.told[1]).toMatch(/The sandbox has ended.*It cannot be replaced\./);
  expect(model.told[0]).toMatch(/The sandbox has ended/);
  expect(model.told[0]).not.toMatch(/\.ts:\d|node_modules/);
  expect(model.told[0]!.match(/\[sandbox: /g)).toHaveLength(1);
  expect(errors).toHaveLength(2);
});
