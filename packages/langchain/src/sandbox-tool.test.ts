import { SandboxSession } from "@llm-sandbox/core";
import { memory } from "@llm-sandbox/core/testing";
import type { MemoryOptions } from "@llm-sandbox/core/testing";
import { loopbackModel } from "@llm-sandbox/loopback-model";
import type { LoopbackModel, ScriptedTurn } from "@llm-sandbox/loopback-model";
import { AIMessageChunk, ToolMessage } from "@langchain/core/messages";
import type { BaseMessage } from "@langchain/core/messages";
import { Command, MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { ChatOpenAI } from "@langchain/openai";
import { createAgent, fakeModel, humanInTheLoopMiddleware } from "langchain";
import type { AgentMiddleware } from "langchain";
import { expect, test } from "vitest";
import { createSandboxTool, createSandboxTools } from "./index.ts";
import type { SandboxArtifact, SandboxProgress, SandboxStructuredTool, SandboxToolOptions } from "./index.ts";

const png = Buffer.from("89504e470d0a1a0a", "hex").toString("base64");

const chat = (model: LoopbackModel, useResponsesApi = false): ChatOpenAI =>
  new ChatOpenAI({
    model: "m",
    apiKey: "none",
    configuration: { baseURL: model.baseUrl },
    maxRetries: 0,
    useResponsesApi,
  });

const make = (script: MemoryOptions = {}, options: SandboxToolOptions = {}): SandboxStructuredTool =>
  createSandboxTool({ runtime: memory(script), ...options });

const call = (args: object | string): ScriptedTurn[] => [
  { calls: [{ id: "c1", name: "execute_code", arguments: args }] },
  { text: "done" },
];

const go = { messages: [{ role: "user", content: "go" }] };

const toolMessage = (messages: readonly unknown[]): ToolMessage =>
  messages.find((message) => message instanceof ToolMessage)!;

test.each([
  ["Chat Completions", false],
  ["Responses", true],
])(
  "an agent by %s: the model is told the output, the application gets the artifact",
  async (_, responses) => {
    await using model = await loopbackModel(call({ code: "print(6 * 7)" }));
    await using tool = make({
      run: ({ code }) => ({ stdout: `ran ${code}\n`, outputs: [{ "image/png": png }] }),
    });
    const agent = createAgent({ model: chat(model, responses), tools: [tool] });
    const { messages } = await agent.invoke(go);
    expect(messages.at(-1)!.text).toBe("done");
    expect(model.requests[0]!.tools).toEqual(["execute_code"]);
    expect(model.told).toEqual(["ran print(6 * 7)\n[sandbox: 1 image: saved at /workspace/figure-1.png]"]);
    const { artifact, status } = toolMessage(messages);
    expect(status).toBe("success");
    const { images, stdout } = artifact as SandboxArtifact;
    expect(stdout).toBe("ran print(6 * 7)\n");
    expect(images).toEqual([{ path: "/workspace/figure-1.png", mediaType: "image/png", base64: png }]);
  },
);

test("a failed run is an error for LangChain and an answer for the model", async () => {
  await using model = await loopbackModel(call({ code: "x" }));
  await using tool = make({
    run: () => ({ error: { name: "E", message: "no", traceback: "line 1\nE: no" } }),
  });
  const { messages } = await createAgent({ model: chat(model), tools: [tool] }).invoke(go);
  expect(model.told).toEqual(["line 1\nE: no\n[sandbox: Failed: E, with exit code 1.]"]);
  expect(toolMessage(messages)).toMatchObject({
    status: "error",
    name: "execute_code",
    artifact: { status: "failed", exitCode: 1 },
  });
});

test("pictures are shown where that is asked for", async () => {
  await using model = await loopbackModel(call({ code: "x" }));
  await using tool = make({ run: () => ({ outputs: [{ "image/png": png }] }) }, { images: true });
  const { messages } = await createAgent({ model: chat(model), tools: [tool] }).invoke(go);
  expect(toolMessage(messages).content).toEqual([
    { type: "text", text: "[sandbox: 1 image: saved at /workspace/figure-1.png]" },
    { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } },
  ]);
});

test.each([
  ["no code", {}, /"code" is missing/],
  ["an empty program", { code: "" }, /"code" is empty/],
  ["a list", { code: ["a"] }, /"code" is an array; pass a string/],
  ["a number", { code: 7 }, /"code" is the number 7/],
  ["an unknown language", { code: "x", language: "cobol" }, /"cobol"; this tool has python/],
  ["a time that is none", { code: "x", timeout_ms: "soon" }, /"timeout_ms" is a string; pass a number/],
  ["a megabyte of code", { code: "x".repeat(1_048_577) }, /1,048,577 characters; at most 1,000,000/],
])("bad arguments, %s: the model is told what would be right, without a stack", async (_, args, expected) => {
  let runs = 0;
  await using model = await loopbackModel(call(args));
  await using tool = make({ run: () => void (runs += 1) });
  const { messages } = await createAgent({ model: chat(model), tools: [tool] }).invoke(go);
  expect(model.told[0]).toMatch(/^\[sandbox: Nothing was run\. /);
  expect(model.told[0]).toMatch(expected);
  expect(model.told[0]).not.toMatch(/ {4}at |Error:|node_modules/);
  expect(toolMessage(messages)).toMatchObject({ status: "error", artifact: { status: "refused" } });
  expect(runs).toBe(0);
});

test("what is meant beyond doubt is taken, whatever the schema says", async () => {
  await using model = await loopbackModel(call({ code: "x", timeout_ms: "1000", stdin: "y" }));
  await using tool = make({ run: ({ code }) => ({ stdout: code }) });
  const { messages } = await createAgent({ model: chat(model), tools: [tool] }).invoke(go);
  expect(model.told).toEqual(['[sandbox: This tool has no argument "stdin"; ignored.]\nx']);
  expect(toolMessage(messages).status).toBe("success");
});

test("without an agent: content for arguments, a message for a call", async () => {
  await using tool = make({ run: () => ({ stdout: "1" }) });
  expect(await tool.invoke({ code: "x" })).toBe("1");
  expect(await tool.invoke({} as never)).toMatch(/"code" is missing/);
  const request = { type: "tool_call", id: "c", name: "execute_code", args: { code: "x" } } as const;
  expect(await tool.invoke(request)).toMatchObject({ content: "1", tool_call_id: "c", status: "success" });
});

test("output comes by the custom stream as it grows", async () => {
  const next = Promise.withResolvers<void>();
  await using model = await loopbackModel(call({ code: "x" }));
  await using tool = make({
    async *run() {
      yield { stdout: "one\n" };
      await next.promise;
      yield { stdout: "two\n" };
    },
  });
  const agent = createAgent({ model: chat(model), tools: [tool] });
  const chunks: SandboxProgress[] = [];
  for await (const chunk of await agent.stream(go, { streamMode: "custom" })) {
    chunks.push(chunk as SandboxProgress);
    next.resolve();
  }
  expect(chunks[0]).toEqual({
    type: "sandbox_output",
    tool: "execute_code",
    toolCallId: "c1",
    output: "one\n",
  });
  expect(model.told).toEqual(["one\ntwo"]);
});

test("cancelling the agent ends the code", async () => {
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  await using model = await loopbackModel(call({ code: "x" }));
  await using tool = make({
    run: ({ signal }) => {
      signal.addEventListener("abort", () => ended.resolve());
      started.resolve();
      return new Promise(() => {});
    },
  });
  const control = new AbortController();
  const running = createAgent({ model: chat(model), tools: [tool] }).invoke(go, { signal: control.signal });
  await started.promise;
  control.abort(new Error("enough"));
  await expect(running).rejects.toThrow(/enough|abort/i);
  await ended.promise;
  expect(model.requests).toHaveLength(1);
});

test("without threads agents at once never see each other, and find their session again by their messages", async () => {
  let count = 0;
  await using model = await loopbackModel(({ toolResults }) => {
    count += 1;
    return toolResults.length % 2 === 0
      ? { calls: [{ id: `c${count}`, name: "execute_code", arguments: { code: "x" } }] }
      : { text: "done" };
  });
  await using tool = createSandboxTool({
    runtime: memory({
      run: ({ files }) => {
        const before = files.list("/workspace").length;
        files.write(`/workspace/${before}`, Buffer.from(""));
        return { stdout: `${before} files before` };
      },
    }),
  });
  const agent = createAgent({ model: chat(model), tools: [tool] });
  const turn = (messages: unknown[]): Promise<{ messages: BaseMessage[] }> =>
    agent.invoke({ messages } as never) as never;
  const told = ({ messages }: { readonly messages: readonly BaseMessage[] }): string[] =>
    messages
      .filter((message) => message.type === "tool")
      .map(({ content }) => String(content).split("\n")[0]!);
  const [one, two] = await Promise.all([
    turn([{ role: "user", content: "one" }]),
    turn([{ role: "user", content: "two" }]),
  ]);
  expect(told(one!)).toEqual(["0 files before"]);
  expect(told(two!)).toEqual(["0 files before"]);
  await turn([...one!.messages, { role: "user", content: "again" }]);
  expect(tool.sessions.list()).toHaveLength(2);
});

test("threads have sessions of their own, kept from turn to turn, and see nothing of each other", async () => {
  await using tool = make({
    run: ({ files }) => {
      const before = files.list("/workspace").length;
      files.write(`/workspace/${before}`, Buffer.from(""));
      return { stdout: `${before} files` };
    },
  });
  await using model = await loopbackModel(({ messages }) =>
    messages.at(-1)!["role"] === "user"
      ? { calls: [{ name: "execute_code", arguments: { code: "x" } }] }
      : { text: String(messages.at(-1)!["content"]).split("\n")[0]! },
  );
  const agent = createAgent({ model: chat(model), tools: [tool], checkpointer: new MemorySaver() });
  const turn = async (thread_id: string): Promise<string> => {
    const { messages } = await agent.invoke(go, { configurable: { thread_id } });
    return messages.at(-1)!.text;
  };
  expect(await Promise.all([turn("one"), turn("two")])).toEqual(["0 files", "0 files"]);
  expect(await turn("one")).toBe("1 files");
  expect(tool.sessions.list().map(({ conversation }) => conversation)).toEqual(["one", "two"]);
});

test("a thread that goes on after the program was started again is told that its sandbox is a new one", async () => {
  await using model = await loopbackModel([
    ...call({ code: "x" }),
    ...call({ code: "x" }),
    ...call({ code: "x" }),
  ]);
  const checkpointer = new MemorySaver();
  const turn = (tool: SandboxStructuredTool): Promise<unknown> =>
    createAgent({ model: chat(model), tools: [tool], checkpointer }).invoke(go, {
      configurable: { thread_id: "one" },
    });
  await using before = make({ run: () => ({ stdout: "ran" }) });
  await turn(before);
  await using tool = make({ run: () => ({ stdout: "ran" }) });
  await turn(tool);
  await turn(tool);
  const told = model.requests.at(-1)!.messages.filter(({ role }) => role === "tool");
  expect(told.map(({ content }) => content)).toEqual([
    "ran",
    expect.stringMatching(
      /^\[sandbox: This call ran in a new sandbox, not in that of the earlier calls:.*\]\nran$/,
    ),
    "ran",
  ]);
});

test("an artifact comes back whole from a checkpoint", async () => {
  await using model = await loopbackModel([...call({ code: "x" }), { text: "again" }]);
  await using tool = make({ run: () => ({ outputs: [{ "image/png": png }], stdout: "drawn" }) });
  const agent = createAgent({ model: chat(model), tools: [tool], checkpointer: new MemorySaver() });
  const config = { configurable: { thread_id: "one" } };
  const { artifact } = toolMessage((await agent.invoke(go, config)).messages);
  expect(toolMessage((await agent.invoke(go, config)).messages).artifact).toEqual(artifact);
});

test("a box that dies between calls is replaced, and the model is told so", async () => {
  await using tool = make({ run: () => ({ stdout: "ran" }), command: ({ loseBox }) => loseBox() });
  await using model = await loopbackModel([...call({ code: "x" }), ...call({ code: "x" })]);
  const agent = createAgent({ model: chat(model), tools: [tool] });
  const thread = { configurable: { thread_id: "t" } };
  await agent.invoke(go, thread);
  await tool.sessions
    .session("t")!
    .executeCommand("end")
    .catch(() => {});
  await agent.invoke(go, thread);
  expect(model.told[0]).toMatch(
    /^\[sandbox: The sandbox of the earlier calls has ended by itself\..*gone\.\]\nran$/,
  );
});

test("a failure of the host shows the model and the checkpoint no path, stack or secret", async () => {
  const errors: unknown[] = [];
  const runtime = { ...memory(), launch: () => Promise.reject(new Error("/home/me/.docker token=abc")) };
  await using tool = createSandboxTool({ runtime, onError: (error) => errors.push(error) });
  await using model = await loopbackModel(call({ code: "x" }));
  const { messages } = await createAgent({ model: chat(model), tools: [tool] }).invoke(go);
  expect(JSON.stringify([model.requests, messages])).not.toMatch(/home\/me|token=|\.ts:\d/);
  expect(model.told[0]).toMatch(/^\[sandbox: The sandbox failed/);
  expect(toolMessage(messages).status).toBe("error");
  expect(String(errors[0])).toContain("/home/me/.docker");
});

test("LangChain's own fake model", async () => {
  await using tool = make({ run: () => ({ stdout: "ran" }) });
  const model = fakeModel()
    .respondWithTools([{ name: "execute_code", args: { code: "x" } }])
    .respond(new AIMessageChunk("done"));
  const { messages } = await createAgent({ model, tools: [tool] }).invoke(go);
  expect(toolMessage(messages).content).toBe("ran");
});

test("code, commands and files of one sandbox", async () => {
  await using made = createSandboxTools({
    runtime: memory({ command: ({ files }) => ({ stdout: files.read("/workspace/a.txt").toString() }) }),
  });
  await using model = await loopbackModel([
    { calls: [{ name: "write_sandbox_file", arguments: { path: "a.txt", content: "hello" } }] },
    { calls: [{ name: "execute_command", arguments: { command: "cat a.txt" } }] },
    { text: "done" },
  ]);
  await createAgent({ model: chat(model), tools: made.tools }).invoke(go);
  expect(model.told).toEqual(["[sandbox: Wrote /workspace/a.txt, 5 bytes.]", "hello"]);
});

test("a tool disposes what it opened, and never what it was given", async () => {
  await using session = await SandboxSession.open({ runtime: memory() });
  {
    await using tool = createSandboxTool({ session });
    await tool.invoke({ code: "x" }, { configurable: { thread_id: "any" } });
  }
  expect(session.isOpen).toBe(true);
  const tool = make();
  await tool.invoke({ code: "x" });
  const own = tool.sessions.session()!;
  await tool[Symbol.asyncDispose]();
  expect(own.isOpen).toBe(false);
});

test.each([{ colour: "red" }, { images: "yes" }, { conversation: "a" }])(
  "options %j are refused",
  (options) => {
    expect(() => createSandboxTool(options as never)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION" }),
    );
  },
);

test("a person approves or rejects a call: rejected code does not run, approved code does", async () => {
  for (const type of ["reject", "approve"] as const) {
    let runs = 0;
    await using tool = make({ run: () => ((runs += 1), { stdout: "ran" }) });
    await using model = await loopbackModel(call({ code: "x" }));
    // LangChain's own types do not fit each other under exactOptionalPropertyTypes.
    const approval = (humanInTheLoopMiddleware as (options: object) => unknown)({
      interruptOn: { execute_code: { allowedDecisions: ["approve", "reject"] } },
    });
    const agent = createAgent({
      model: chat(model),
      tools: [tool],
      middleware: [approval as AgentMiddleware],
      checkpointer: new MemorySaver(),
    });
    const config = { configurable: { thread_id: "one" } };
    expect(await agent.invoke(go, config)).toHaveProperty("__interrupt__");
    expect(runs).toBe(0);
    await agent.invoke(new Command({ resume: { decisions: [{ type }] } }), config);
    expect(runs).toBe(type === "approve" ? 1 : 0);
    expect(model.told[0]).toMatch(type === "approve" ? /^ran$/ : /rejected/);
  }
});

test("graphs of one's own without threads never see each other either", async () => {
  await using tool = make({
    run: ({ files }) => {
      const before = files.list("/workspace").length;
      files.write(`/workspace/${before}`, Buffer.from(""));
      return { stdout: `${before} files` };
    },
  });
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("run", async (_, config) => {
      const args = { code: "x" };
      const told = [];
      for (const id of ["a", "b"]) {
        told.push(await tool.invoke({ type: "tool_call", id, name: tool.name, args }, config));
      }
      return { messages: told };
    })
    .addEdge(START, "run")
    .compile();
  const answers = await Promise.all([graph.invoke(go), graph.invoke(go)]);
  for (const { messages } of answers) {
    expect(messages.slice(1).map(({ text }) => text.split("\n")[0])).toEqual(["0 files", "1 files"]);
  }
  expect(tool.sessions.list()).toHaveLength(2);
});
