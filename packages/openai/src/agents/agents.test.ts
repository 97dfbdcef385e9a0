import { memory } from "@llm-sandbox/core/testing";
import type { MemoryOptions } from "@llm-sandbox/core/testing";
import { ToolSessions } from "@llm-sandbox/core/tool";
import { loopbackModel } from "@llm-sandbox/loopback-model";
import type { LoopbackModel, ScriptedTurn } from "@llm-sandbox/loopback-model";
import {
  Agent,
  applyPatchTool,
  OpenAIChatCompletionsModel,
  OpenAIResponsesModel,
  run,
  RunState,
  setTraceProcessors,
  setTracingDisabled,
  shellTool,
  withTrace,
} from "@openai/agents";
import type { Tool } from "@openai/agents";
import OpenAI from "openai";
import { expect, test } from "vitest";
import { createSandboxEditor, createSandboxShell, createSandboxTool } from "./index.ts";
import type { AgentToolOptions } from "./index.ts";

// Nothing is sent anywhere; vitest turns tracing off by NODE_ENV.
setTraceProcessors([]);
setTracingDisabled(false);

const png = Buffer.from("89504e470d0a1a0a", "hex").toString("base64");

function agent(model: LoopbackModel, tools: Tool[], api: "chat" | "responses" = "responses"): Agent {
  const client = new OpenAI({ apiKey: "none", baseURL: model.baseUrl, maxRetries: 0 });
  return new Agent({
    name: "a",
    tools,
    model:
      api === "chat" ? new OpenAIChatCompletionsModel(client, "m") : new OpenAIResponsesModel(client, "m"),
  });
}

const call = (args: object | string): ScriptedTurn[] => [
  { calls: [{ id: "c1", name: "execute_code", arguments: args }] },
  { text: "done" },
];

const make = (
  script: MemoryOptions = {},
  options: AgentToolOptions = {},
): ReturnType<typeof createSandboxTool> => createSandboxTool({ runtime: memory(script), ...options });

test.each(["chat", "responses"] as const)("an agent's tool, by %s", async (api) => {
  await using model = await loopbackModel(call({ code: "print(6 * 7)" }));
  await using tool = make({ run: ({ code }) => ({ stdout: `ran ${code}\n` }) });
  const { finalOutput } = await run(agent(model, [tool], api), "go");
  expect(finalOutput).toBe("done");
  expect(model.requests[0]!.tools).toEqual(["execute_code"]);
  expect(model.told).toEqual(["ran print(6 * 7)"]);
});

test("pictures are shown where that is asked for", async () => {
  await using model = await loopbackModel(call({ code: "x" }));
  await using tool = make({ run: () => ({ outputs: [{ "image/png": png }] }) }, { images: true });
  await run(agent(model, [tool]), "go");
  expect(model.requests[1]!.messages.at(-1)!["output"]).toEqual([
    { type: "input_text", text: "[sandbox: 1 image: saved at /workspace/figure-1.png]" },
    { type: "input_image", image_url: `data:image/png;base64,${png}` },
  ]);
});

test.each([
  ["no JSON", "{code", /valid JSON/],
  ["no code", {}, /"code" is missing/],
  ["a list", { code: ["x"] }, /"code" is an array/],
  ["an empty program", { code: "" }, /"code" is empty/],
  ["an unknown language", { code: "x", language: "cobol" }, /this tool has python/],
  ["a megabyte of code", { code: "x".repeat(1_048_577) }, /at most 1,000,000/],
])("bad arguments, %s, are told", async (_, args, expected) => {
  let runs = 0;
  await using tool = make({ run: () => void (runs += 1) });
  await using model = await loopbackModel(call(args));
  await run(agent(model, [tool]), "go");
  expect(model.told[0]).toMatch(expected);
  expect(runs).toBe(0);
});

test("cancelling the run ends the code", async () => {
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  await using tool = make({
    run: ({ signal }) => {
      signal.addEventListener("abort", () => ended.resolve());
      started.resolve();
      return new Promise(() => {});
    },
  });
  await using model = await loopbackModel(call({ code: "x" }));
  const control = new AbortController();
  const running = run(agent(model, [tool]), "go", { signal: control.signal });
  await started.promise;
  control.abort();
  await expect(running).rejects.toThrow(/abort/i);
  await ended.promise;
  expect(model.requests).toHaveLength(1);
});

test("conversations are told apart by the run's context, and see nothing of each other", async () => {
  await using tool = make(
    {
      run: ({ files }) => {
        const before = files.list("/workspace").length;
        files.write("/workspace/a", Buffer.from(""));
        return { stdout: `${before} files` };
      },
    },
    { conversation: (context) => (context.context as { user: string }).user },
  );
  await using model = await loopbackModel(({ toolResults }) =>
    toolResults.length === 0
      ? { calls: [{ name: "execute_code", arguments: { code: "x" } }] }
      : { text: String(toolResults[0]!.output) },
  );
  const outputs = await Promise.all(
    ["one", "two"].map(
      async (user) => (await run(agent(model, [tool]), user, { context: { user } })).finalOutput,
    ),
  );
  expect(outputs.map((output) => output!.split("\n")[0])).toEqual(["0 files", "0 files"]);
  expect(tool.sessions.list().map(({ conversation }) => conversation)).toEqual(["one", "two"]);
});

/** A program that says how many files there were, and adds one. */
const counting: MemoryOptions = {
  run: ({ files }) => {
    const before = files.list("/workspace").length;
    files.write(`/workspace/${before}`, Buffer.from(""));
    return { stdout: `${before} files\n` };
  },
  command: ({ files }) => ({ stdout: `${files.list("/workspace").length} files\n` }),
};

test("without names runs at once never see each other, and tool, shell and editor of one run work on the same files", async () => {
  await using sessions = new ToolSessions({ runtime: memory(counting) });
  const tools = [
    createSandboxTool({ sessions }),
    shellTool({ shell: createSandboxShell({ sessions }) }),
    applyPatchTool({ editor: createSandboxEditor({ sessions }) }),
  ];
  const item = { id: "i", status: "completed" };
  const operation = { type: "create_file", path: "made", diff: "+x" };
  const turns: ScriptedTurn[] = [
    call({ code: "x" })[0]!,
    { items: [{ ...item, call_id: "p", type: "apply_patch_call", operation }] },
    { items: [{ ...item, call_id: "s", type: "shell_call", action: { commands: ["ls"] } }] },
    { text: "done" },
  ];
  const outcomes = ["one", "two"].map(async () => {
    await using model = await loopbackModel(turns);
    await run(agent(model, tools), "go");
    return JSON.stringify(model.requests.at(-1)!.messages);
  });
  for (const told of await Promise.all(outcomes)) {
    expect(told).toContain("0 files");
    expect(told).toContain("2 files");
  }
  expect(sessions.list()).toHaveLength(2);
});

test("runs within one trace share a sandbox, and so does a run that waited and went on from its saved state", async () => {
  const told: string[] = [];
  const onOutcome: AgentToolOptions["onOutcome"] = ({ stdout }) => told.push(stdout.trim());
  await using tool = make(counting, { onOutcome });
  const { sessions } = tool;
  await using waiting = createSandboxTool({ sessions, onOutcome, name: "ask_first", needsApproval: true });
  await using model = await loopbackModel([
    ...call({ code: "x" }),
    ...call({ code: "x" }),
    call({ code: "x" })[0]!,
    { calls: [{ id: "c2", name: "ask_first", arguments: { code: "x" } }] },
    { text: "done" },
  ]);
  const asked = agent(model, [tool, waiting]);
  await withTrace("conversation", async () => {
    await run(asked, "go");
    await run(asked, "go on");
  });
  expect(told.splice(0)).toEqual(["0 files", "1 files"]);
  const first = await run(asked, "go");
  const state = await RunState.fromString(asked, first.state.toString());
  state.approve(state.getInterruptions()[0]!);
  await run(asked, state);
  expect(told).toEqual(["0 files", "1 files"]);
});

test("while tracing is off tools still know their runs, and a shell refuses to guess", async () => {
  setTracingDisabled(true);
  try {
    const told: string[] = [];
    await using tool = make(counting, { onOutcome: ({ stdout }) => told.push(stdout.trim()) });
    await using model = await loopbackModel([...call({ code: "x" }), ...call({ code: "x" })]);
    await run(agent(model, [tool]), "go");
    await run(agent(model, [tool]), "go");
    expect(told).toEqual(["0 files", "0 files"]);
    await using shell = createSandboxShell({ runtime: memory(counting) });
    const refused = await tell([shellTool({ shell })], { type: "shell_call", action: { commands: ["ls"] } });
    expect(JSON.stringify(refused)).toContain("cannot tell whose sandbox to use");
    expect(shell.sessions.list()).toEqual([]);
    await using named = createSandboxShell({ runtime: memory(counting), conversation: "one" });
    const answer = await tell([shellTool({ shell: named })], {
      type: "shell_call",
      action: { commands: ["ls"] },
    });
    expect(JSON.stringify(answer)).toContain("0 files");
  } finally {
    setTracingDisabled(false);
  }
});

test("a call waits for approval where that is asked for", async () => {
  let runs = 0;
  await using tool = make({ run: () => ((runs += 1), { stdout: "ran" }) }, { needsApproval: true });
  await using model = await loopbackModel(call({ code: "x" }));
  const asked = agent(model, [tool]);
  const first = await run(asked, "go");
  expect(first.interruptions).toHaveLength(1);
  expect(runs).toBe(0);
  first.state.approve(first.interruptions[0]!);
  expect((await run(asked, first.state)).finalOutput).toBe("done");
  expect(model.told).toEqual(["ran"]);
});

test("a failure of the host shows no path, stack or secret, by any of the three", async () => {
  const runtime = { ...memory(), launch: () => Promise.reject(new Error("/home/me token=abc")) };
  const errors: unknown[] = [];
  const options = { runtime, onError: (error: unknown) => errors.push(error) };
  await using tool = createSandboxTool(options);
  await using shell = createSandboxShell(options);
  await using editor = createSandboxEditor(options);
  const tools = [tool, shellTool({ shell }), applyPatchTool({ editor })];
  const operation = { type: "delete_file", path: "a" };
  const items = [
    { type: "shell_call", id: "s", call_id: "s", status: "completed", action: { commands: ["ls"] } },
    { type: "apply_patch_call", id: "p", call_id: "p", status: "completed", operation },
  ];
  await using model = await loopbackModel([{ ...call({ code: "x" })[0]!, items }, { text: "done" }]);
  await run(agent(model, tools), "go");
  const told = JSON.stringify(model.requests[1]!.messages);
  expect(told).not.toMatch(/home\/me|token=|\.ts:\d/);
  expect(told.match(/The sandbox failed/g)).toHaveLength(3);
  expect(errors).toHaveLength(3);
});

test("an error of the application's own callbacks is its own affair", async () => {
  await using tool = make(
    {},
    {
      onOutcome: () => {
        throw new Error("/home/me");
      },
    },
  );
  await using model = await loopbackModel(call({ code: "x" }));
  await run(agent(model, [tool]), "go");
  expect(model.told).toHaveLength(1);
  expect(model.told[0]).not.toMatch(/home|failed/);
});

/** One item of the model through the SDK's loop, and what the model was told of it. */
async function tell(tools: Tool[], item: object): Promise<Record<string, unknown>> {
  const full = { id: "i", call_id: "c", status: "completed", ...item };
  await using model = await loopbackModel([{ items: [full] }, { text: "done" }]);
  expect((await run(agent(model, tools), "go")).finalOutput).toBe("done");
  return model.requests[1]!.messages.at(-1)!;
}

test("the shell tool", async () => {
  await using shell = createSandboxShell({
    runtime: memory({ command: ({ shell }) => ({ stdout: `$ ${shell}\n`, exitCode: 3 }) }),
  });
  const action = { commands: ["ls"], timeout_ms: 1_000, max_output_length: 500 };
  expect(await tell([shellTool({ shell })], { type: "shell_call", action })).toMatchObject({
    type: "shell_call_output",
    call_id: "c",
    output: [{ stdout: "$ ls\n", stderr: "", outcome: { type: "exit", exit_code: 3 } }],
  });
});

test("the editor and the code tool work on the same files", async () => {
  await using sessions = new ToolSessions({
    runtime: memory({ run: ({ files }) => ({ stdout: files.read("/workspace/src/a.py").toString() }) }),
  });
  await using editor = createSandboxEditor({ sessions, conversation: "one" });
  await using tool = createSandboxTool({ sessions, conversation: "one" });
  const edit = async (operation: object): Promise<Record<string, unknown>> =>
    tell([applyPatchTool({ editor })], { type: "apply_patch_call", operation });
  const create = { type: "create_file", path: "src/a.py", diff: "+one\n+two\n+three" };
  expect(await edit(create)).toMatchObject({ status: "completed", output: "Created src/a.py." });
  const diff = "@@\n one\n-two\n+TWO\n three";
  expect(await edit({ type: "update_file", path: "src/a.py", diff })).toMatchObject({ status: "completed" });
  await using model = await loopbackModel(call({ code: "x" }));
  await run(agent(model, [tool]), "go");
  expect(model.told).toEqual(["one\nTWO\nthree"]);
  expect(await edit({ type: "delete_file", path: "src/a.py" })).toMatchObject({ status: "completed" });
  expect(await sessions.session("one")!.files.exists("src/a.py")).toBe(false);
});

test("what cannot be edited is told, and nothing changes", async () => {
  await using editor = createSandboxEditor({ runtime: memory() });
  const edit = async (operation: object): Promise<string> => {
    const call = { type: "apply_patch_call", call_id: "c", operation } as never;
    const { status, output } = await editor.handle(call);
    return `${status}: ${output}`;
  };
  await edit({ type: "create_file", path: "a", diff: "+one" });
  const { files } = editor.sessions.session()!;
  await files.writeFile("binary", Buffer.from([0xff, 0xfe, 0]));
  await files.makeDirectory("folder");
  expect(await edit({ type: "create_file", path: "a", diff: "+x" })).toMatch(/^failed: There is something/);
  expect(await edit({ type: "create_file", path: "b", diff: "no plus" })).toMatch(/^failed: Nothing was/);
  expect(await edit({ type: "update_file", path: "a", diff: "@@\n-gone\n+x" })).toMatch(/patch does not fit/);
  expect(await edit({ type: "update_file", path: "none", diff: "+x" })).toMatch(/^failed: There is no such/);
  expect(await edit({ type: "update_file", path: "binary", diff: "+x" })).toMatch(/no UTF-8 text/);
  expect(await edit({ type: "update_file", path: "folder", diff: "+x" })).toMatch(/^failed: /);
  expect(await edit({ type: "delete_file", path: "folder" })).toMatch(/^failed: That path is a folder/);
  expect(await edit({ type: "delete_file", path: "../../etc/passwd" })).toMatch(/leads out/);
  expect(await edit({ type: "delete_file" })).toMatch(/path is missing/);
  expect(await edit({ type: "chmod", path: "a" })).toMatch(/no such operation/);
  expect(await files.readText("a")).toBe("one");
  const move = { type: "update_file", path: "a", diff: "@@\n-one\n+two", moveTo: "c/d" } as const;
  expect(await editor.updateFile(move)).toMatchObject({ status: "completed" });
  expect(await files.readText("c/d")).toBe("two");
  expect(await files.exists("a")).toBe(false);
});
