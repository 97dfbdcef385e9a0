import { SandboxSession } from "@llm-sandbox/core";
import { memory } from "@llm-sandbox/core/testing";
import type { MemoryOptions } from "@llm-sandbox/core/testing";
import type { ToolOutcome } from "@llm-sandbox/core/tool";
import { loopbackModel } from "@llm-sandbox/loopback-model";
import type { LoopbackModel, ScriptedTurn } from "@llm-sandbox/loopback-model";
import OpenAI, { APIUserAbortError } from "openai";
import { ResponsesToolRunner } from "openai/helpers/responses-tool-runner";
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions";
import type { ResponseInputItem } from "openai/resources/responses/responses";
import { expect, test } from "vitest";
import { createSandboxTool, createSandboxTools } from "./index.ts";
import type { SandboxFunctionTool, SandboxToolOptions } from "./index.ts";

const png = Buffer.from("89504e470d0a1a0a", "hex").toString("base64");

const client = (model: LoopbackModel): OpenAI =>
  new OpenAI({ apiKey: "none", baseURL: model.baseUrl, maxRetries: 0 });

const make = (
  script: MemoryOptions = {},
  options: SandboxToolOptions = {},
): SandboxFunctionTool & AsyncDisposable => createSandboxTool({ runtime: memory(script), ...options });

const call = (code: string, more: object = {}): ScriptedTurn[] => [
  { calls: [{ id: "c1", name: "execute_code", arguments: { code, ...more } }] },
  { text: "done" },
];

/** The loop that an application writes with Chat Completions. */
async function chat(
  openai: OpenAI,
  tool: Pick<SandboxFunctionTool, "definition" | "handleAll">,
  user = "go",
): Promise<string> {
  const messages: ChatCompletionMessageParam[] = [{ role: "user", content: user }];
  for (;;) {
    const completion = await openai.chat.completions.create({
      model: "m",
      messages,
      tools: [tool.definition],
    });
    const { message } = completion.choices[0]!;
    messages.push(message);
    if (!message.tool_calls) return message.content!;
    messages.push(...(await tool.handleAll(message.tool_calls)));
  }
}

/** The loop that an application writes with Responses. */
async function respond(openai: OpenAI, tool: SandboxFunctionTool): Promise<string> {
  const input: ResponseInputItem[] = [{ role: "user", content: "go" }];
  for (;;) {
    const response = await openai.responses.create({
      model: "m",
      input,
      tools: [tool.responsesDefinition],
    });
    const answers = await tool.handleAll(response.output);
    if (answers.length === 0) return response.output_text;
    input.push(...(response.output as ResponseInputItem[]), ...answers);
  }
}

test("Chat Completions: the model is offered the tool and told what came of its call", async () => {
  await using model = await loopbackModel(call("print(6 * 7)"));
  await using tool = make({ run: ({ code }) => ({ stdout: `ran ${code}\n`, value: "42" }) });
  expect(await chat(client(model), tool)).toBe("done");
  expect(model.requests[0]!.body["tools"]).toEqual([
    {
      type: "function",
      function: {
        name: "execute_code",
        description: expect.stringMatching(/^Runs Python code in a sandbox/),
        parameters: expect.objectContaining({ type: "object", required: ["code"] }),
      },
    },
  ]);
  expect(model.requests[1]!.messages.at(-1)).toEqual({
    role: "tool",
    tool_call_id: "c1",
    content: "ran print(6 * 7)\nvalue: 42",
  });
});

test("Chat Completions streamed", async () => {
  await using model = await loopbackModel(call("x"));
  await using tool = make({ run: () => ({ stdout: "1\n" }) });
  const stream = client(model).chat.completions.stream({
    model: "m",
    messages: [{ role: "user", content: "go" }],
    tools: [tool.definition],
  });
  const { tool_calls } = await stream.finalMessage();
  expect(await tool.handleAll(tool_calls)).toEqual([{ role: "tool", tool_call_id: "c1", content: "1" }]);
});

test("runTools runs the loop by itself", async () => {
  await using model = await loopbackModel(call("x"));
  await using tool = make({
    run: () => ({ error: { name: "E", message: "no", traceback: "line 1\nE: no" } }),
  });
  const runner = client(model).chat.completions.runTools({
    model: "m",
    messages: [{ role: "user", content: "go" }],
    tools: [tool.runnable],
  });
  expect(await runner.finalContent()).toBe("done");
  expect(model.told).toEqual(["line 1\nE: no\n[sandbox: Failed: E, with exit code 1.]"]);
});

test("Responses: a picture is told by its place, and shown where that is asked for", async () => {
  const script: MemoryOptions = { run: () => ({ stdout: "drawn\n", outputs: [{ "image/png": png }] }) };
  await using model = await loopbackModel([...call("x"), ...call("x")]);
  const outcomes: ToolOutcome[] = [];
  await using plain = make(script, { onOutcome: (outcome) => outcomes.push(outcome) });
  expect(await respond(client(model), plain)).toBe("done");
  expect(model.requests[0]!.body["tools"]).toMatchObject([
    { type: "function", name: "execute_code", strict: false },
  ]);
  expect(model.told).toEqual(["drawn\n[sandbox: 1 image: saved at /workspace/figure-1.png]"]);
  expect(Buffer.from(outcomes[0]!.images[0]!.data).toString("base64")).toBe(png);
  await using shown = make(script, { images: true });
  await respond(client(model), shown);
  expect(model.requests.at(-1)!.messages.at(-1)).toEqual({
    type: "function_call_output",
    call_id: "c1",
    output: [
      { type: "input_text", text: "drawn\n[sandbox: 1 image: saved at /workspace/figure-1.png]" },
      { type: "input_image", image_url: `data:image/png;base64,${png}` },
    ],
  });
});

test("the Responses tool runner", async () => {
  await using model = await loopbackModel(call("x"));
  await using tool = make({ run: () => ({ stdout: "1\n" }) });
  const runner = new ResponsesToolRunner({ functions: [tool.runnerFunction] });
  const response = await runner.run(client(model), { model: "m", input: [{ role: "user", content: "go" }] });
  expect(response.output_text).toBe("done");
  expect(model.told).toEqual(["1"]);
});

test.each([
  ["no JSON", "{code: 1", /not a JSON object/],
  ["nothing", "", /not a JSON object/],
  ["no code", {}, /"code" is missing/],
  ["an empty program", { code: "" }, /"code" is empty/],
  ["a list", { code: ["a"] }, /"code" is an array; pass a string/],
  ["an unknown language", { code: "x", language: "cobol" }, /"cobol"; this tool has python/],
  ["a megabyte of code", { code: "x".repeat(1_048_577) }, /1,048,577 characters; at most 1,000,000/],
])("bad arguments, %s: the model is told what would be right", async (_, args, expected) => {
  let runs = 0;
  await using tool = make({ run: () => void (runs += 1) });
  const script: ScriptedTurn[] = [
    { calls: [{ name: "execute_code", arguments: args }] },
    { text: "sorry" },
    { calls: [{ name: "execute_code", arguments: args }] },
    { text: "sorry" },
  ];
  await using model = await loopbackModel(script);
  const runner = client(model).chat.completions.runTools({
    model: "m",
    messages: [{ role: "user", content: "go" }],
    tools: [tool.runnable],
  });
  expect(await runner.finalContent()).toBe("sorry");
  expect(model.told[0]).toMatch(expected);
  expect(await respond(client(model), tool)).toBe("sorry");
  expect(model.told[0]).toMatch(expected);
  expect(runs).toBe(0);
});

test("cancelling a run of runTools ends the code", async () => {
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  await using model = await loopbackModel(call("x"));
  await using tool = make({
    run: ({ signal }) => {
      signal.addEventListener("abort", () => ended.resolve());
      started.resolve();
      return new Promise(() => {});
    },
  });
  const control = new AbortController();
  const runner = client(model).chat.completions.runTools(
    { model: "m", messages: [{ role: "user", content: "go" }], tools: [tool.runnable] },
    { signal: control.signal },
  );
  await started.promise;
  control.abort();
  await expect(runner.finalContent()).rejects.toThrow(APIUserAbortError);
  await ended.promise;
  expect(model.requests).toHaveLength(1);
});

test("cancelling handle rejects with the reason, and so does the Responses runner's", async () => {
  await using tool = make({ run: () => new Promise(() => {}) });
  const request = { type: "function_call", call_id: "c", name: "execute_code", arguments: '{"code":"x"}' };
  const handled = tool.handle(request as never, { signal: AbortSignal.timeout(50) });
  await expect(handled).rejects.toMatchObject({ name: "TimeoutError" });
  const executed = tool.runnerFunction.execute({ code: "x" }, { signal: AbortSignal.timeout(50) });
  await expect(executed).rejects.toMatchObject({ name: "TimeoutError" });
});

test("two conversations at once never see each other", async () => {
  await using model = await loopbackModel(({ toolResults }) =>
    toolResults.length < 2
      ? { calls: [{ name: "execute_code", arguments: { code: "x" } }] }
      : { text: "done" },
  );
  await using tool = make({
    run: ({ files }) => {
      const before = files.list("/workspace").length;
      files.write(`/workspace/${before}`, Buffer.from(""));
      return { stdout: `${before} files before` };
    },
  });
  const openai = client(model);
  await Promise.all(
    ["one", "two"].map(async (user) => {
      await chat(openai, tool.forConversation(user), user);
    }),
  );
  for (const user of ["one", "two"]) {
    const last = model.requests.filter(({ userText }) => userText === user).at(-1)!;
    expect(last.toolResults.map(({ output }) => String(output).split("\n")[0])).toEqual([
      "0 files before",
      "1 files before",
    ]);
  }
  expect(tool.sessions.list().map(({ conversation }) => conversation)).toEqual(["one", "two"]);
});

test("runs of runTools never see each other, and find their session again by the calls in their messages", async () => {
  await using model = await loopbackModel(({ toolResults }) =>
    toolResults.length % 2 === 0
      ? { calls: [{ id: `call_${crypto.randomUUID()}`, name: "execute_code", arguments: { code: "x" } }] }
      : { text: "done" },
  );
  await using tool = make({
    run: ({ files }) => {
      const before = files.list("/workspace").length;
      files.write(`/workspace/${before}`, Buffer.from(""));
      return { stdout: `${before} files before` };
    },
  });
  const openai = client(model);
  const turn = async (messages: ChatCompletionMessageParam[]): Promise<ChatCompletionMessageParam[]> => {
    const runner = openai.chat.completions.runTools({ model: "m", messages, tools: [tool.runnable] });
    await runner.done();
    return runner.messages;
  };
  const [first, second] = await Promise.all([
    turn([{ role: "user", content: "one" }]),
    turn([{ role: "user", content: "two" }]),
  ]);
  const told = (messages: readonly ChatCompletionMessageParam[]): string[] =>
    messages.filter(({ role }) => role === "tool").map(({ content }) => String(content).split("\n")[0]!);
  expect(told(first!)).toEqual(["0 files before"]);
  expect(told(second!)).toEqual(["0 files before"]);
  const again = await turn([...first!, { role: "user", content: "again" }]);
  expect(told(again)[0]).toBe("0 files before");
  expect(tool.sessions.list()).toHaveLength(2);
});

test("a run of runTools that goes on after the program was started again is told that its sandbox is a new one", async () => {
  await using model = await loopbackModel([...call("x"), ...call("x")]);
  const turn = async (messages: ChatCompletionMessageParam[]): Promise<ChatCompletionMessageParam[]> => {
    await using tool = make({ run: () => ({ stdout: "ran" }) });
    const runner = client(model).chat.completions.runTools({ model: "m", messages, tools: [tool.runnable] });
    await runner.done();
    return runner.messages;
  };
  const first = await turn([{ role: "user", content: "go" }]);
  const second = await turn([...first, { role: "user", content: "go on" }]);
  expect(second.filter(({ role }) => role === "tool").map(({ content }) => content)).toEqual([
    "ran",
    expect.stringMatching(
      /^\[sandbox: This call ran in a new sandbox, not in that of the earlier calls:.*\]\nran$/,
    ),
  ]);
});

test("a box that dies between calls is replaced, and the model is told so", async () => {
  await using tool = make({ run: () => ({ stdout: "ran" }), command: ({ loseBox }) => loseBox() });
  await using model = await loopbackModel([...call("x"), ...call("x")]);
  await chat(client(model), tool);
  await tool.sessions
    .session()!
    .executeCommand("end")
    .catch(() => {});
  await chat(client(model), tool);
  expect(model.told[0]).toMatch(
    /^\[sandbox: The sandbox of the earlier calls has ended by itself\..*gone\.\]\nran$/,
  );
});

test("a failure of the host shows the model no path, stack or secret", async () => {
  const errors: unknown[] = [];
  const runtime = {
    ...memory(),
    launch: () => Promise.reject(new Error("ENOENT /home/me/.docker token=abc")),
  };
  await using tool = createSandboxTool({ runtime, onError: (error) => errors.push(error) });
  await using model = await loopbackModel(call("x"));
  const runner = client(model).chat.completions.runTools({
    model: "m",
    messages: [{ role: "user", content: "go" }],
    tools: [tool.runnable],
  });
  expect(await runner.finalContent()).toBe("done");
  expect(JSON.stringify(model.requests)).not.toMatch(/home\/me|token=|\.ts:\d/);
  expect(model.told[0]).toMatch(/^\[sandbox: The sandbox failed/);
  expect(String(errors[0])).toContain("/home/me/.docker");
});

test("calls of other tools are left to the application", async () => {
  await using tool = make();
  const other = { id: "o", type: "function", function: { name: "weather", arguments: "{}" } } as const;
  expect(tool.handles(other)).toBe(false);
  expect(tool.handles({ type: "message" })).toBe(false);
  expect(await tool.handleAll([other])).toEqual([]);
  await expect(tool.handle(other)).rejects.toMatchObject({ code: "INVALID_OPTION" });
});

test("code, commands and files of one sandbox", async () => {
  await using tools = createSandboxTools({
    runtime: memory({ command: ({ files }) => ({ stdout: files.read("/workspace/a.txt").toString() }) }),
  });
  await using model = await loopbackModel([
    { calls: [{ name: "write_sandbox_file", arguments: { path: "a.txt", content: "hello" } }] },
    { calls: [{ name: "execute_command", arguments: { command: "cat a.txt" } }] },
    { text: "done" },
  ]);
  const runner = client(model).chat.completions.runTools({
    model: "m",
    messages: [{ role: "user", content: "go" }],
    tools: tools.runnables,
  });
  expect(await runner.finalContent()).toBe("done");
  expect(model.told).toEqual(["[sandbox: Wrote /workspace/a.txt, 5 bytes.]", "hello"]);
  expect(model.requests[0]!.tools).toEqual([
    "execute_code",
    "execute_command",
    "list_sandbox_files",
    "read_sandbox_file",
    "write_sandbox_file",
  ]);
});

test("a tool disposes what it opened, and never what it was given", async () => {
  await using session = await SandboxSession.open({ runtime: memory() });
  {
    await using tool = createSandboxTool({ session });
    await tool.runnerFunction.execute({ code: "x" });
  }
  expect(session.isOpen).toBe(true);
  const tool = make();
  await tool.runnerFunction.execute({ code: "x" });
  const own = tool.sessions.session()!;
  await tool[Symbol.asyncDispose]();
  expect(own.isOpen).toBe(false);
});

test.each([{ colour: "red" }, { images: "yes" }, { onOutcome: 1 }])("options %j are refused", (options) => {
  expect(() => createSandboxTool(options as never)).toThrow(
    expect.objectContaining({ code: "INVALID_OPTION" }),
  );
});
