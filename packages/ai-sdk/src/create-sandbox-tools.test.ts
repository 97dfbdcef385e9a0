import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { memory } from "@llm-sandbox/core/testing";
import type { MemoryOptions } from "@llm-sandbox/core/testing";
import { loopbackModel } from "@llm-sandbox/loopback-model";
import type { LoopbackModel, Script } from "@llm-sandbox/loopback-model";
import { generateText, isStepCount, streamText, ToolLoopAgent } from "ai";
import type { LanguageModel, ModelMessage } from "ai";
import { expect, test } from "vitest";
import { createSandboxTool, createSandboxTools } from "./index.ts";
import type { SandboxToolOutput } from "./index.ts";

const png = Buffer.from("89504e470d0a1a0a", "hex").toString("base64");

const script: MemoryOptions = {
  run: ({ code, files, loseBox }) => {
    if (code === "plot") return { outputs: [{ "image/png": png }] };
    if (code === "fail")
      return { error: { name: "ValueError", message: "no", traceback: "line 1\nValueError: no" } };
    if (code === "die") return loseBox();
    const names = files.list("/workspace").map(({ path }) => path);
    files.write(`/workspace/${code}`, Buffer.from(code));
    return { stdout: `before: ${names.join(" ")}\n` };
  },
};

const once = (code: unknown, name = "execute_code"): Script => [
  { calls: [{ name, arguments: typeof code === "string" ? { code } : (code as object) }] },
  { text: "Done." },
];

const models: Readonly<Record<string, (model: LoopbackModel) => LanguageModel>> = {
  "Chat Completions": ({ baseUrl }) => createOpenAI({ apiKey: "none", baseURL: baseUrl }).chat("m"),
  Responses: ({ baseUrl }) => createOpenAI({ apiKey: "none", baseURL: baseUrl }).responses("m"),
  "a compatible server": ({ baseUrl }) =>
    createOpenAICompatible({ name: "own", baseURL: baseUrl }).chatModel("m"),
};
const responses = models["Responses"]!;

test.each(Object.keys(models))("over %s the model is told what its code printed", async (api) => {
  await using model = await loopbackModel(once("a"));
  await using tool = createSandboxTool({ runtime: memory(script) });
  const { text, steps } = await generateText({
    model: models[api]!(model),
    prompt: "Go.",
    tools: { execute_code: tool },
    stopWhen: isStepCount(5),
  });
  expect(text).toBe("Done.");
  expect(model.requests[0]!.tools).toEqual(["execute_code"]);
  expect(JSON.stringify(model.requests[0]!.body["tools"])).toContain("Runs Python code in a sandbox");
  expect(model.told).toEqual(["before: \n[sandbox: 1 file written: /workspace/a (1 byte)]"]);
  const output = steps[0]!.toolResults[0]!.output as SandboxToolOutput;
  expect(output).toMatchObject({ status: "ok", files: [{ path: "/workspace/a", size: 1 }] });
  const session = tool.sessions.session(output.conversation)!;
  expect(await session.files.readText("a")).toBe("a");
});

test("failing code is told with its traceback", async () => {
  await using model = await loopbackModel(once("fail"));
  await using tool = createSandboxTool({ runtime: memory(script) });
  await generateText({
    model: responses(model),
    prompt: "Go.",
    tools: { execute_code: tool },
    stopWhen: isStepCount(5),
  });
  expect(model.told).toEqual(["line 1\nValueError: no\n[sandbox: Failed: ValueError, with exit code 1.]"]);
});

test.each([
  [{}, /Nothing was run\. The argument "code" is missing/],
  [{ code: 5 }, /"code" is the number 5; pass a string/],
  [{ code: "" }, /"code" is empty/],
  [{ code: "x", language: "cobol" }, /this tool has python/],
  [{ code: "x".repeat(1_048_576) }, /1,048,576 characters/],
  [{ code: "x", timeout_ms: {} }, /"timeout_ms" is an object/],
] as const)("wrong arguments are answered, and the conversation goes on", async (input, told) => {
  await using model = await loopbackModel(once(input));
  await using tool = createSandboxTool({ runtime: memory(script) });
  const { text } = await generateText({
    model: responses(model),
    prompt: "Go.",
    tools: { execute_code: tool },
    stopWhen: isStepCount(5),
  });
  expect(text).toBe("Done.");
  expect(model.told).toHaveLength(1);
  expect(model.told[0]).toMatch(told);
});

test("output so far streams, then the result replaces it", async () => {
  await using model = await loopbackModel(once("x"));
  const next = Promise.withResolvers<void>();
  await using tool = createSandboxTool({
    runtime: memory({
      async *run() {
        yield { stdout: "one\n" };
        await next.promise;
        yield { stdout: "two\n" };
      },
    }),
  });
  const result = streamText({
    model: responses(model),
    prompt: "Go.",
    tools: { execute_code: tool },
    stopWhen: isStepCount(5),
  });
  const seen: { status: string; text: string; preliminary: boolean }[] = [];
  const startedAt = performance.now();
  for await (const part of result.stream) {
    if (part.type !== "tool-result") continue;
    const { status, text, durationMs } = part.output as SandboxToolOutput;
    expect(durationMs).toBeLessThanOrEqual(Math.ceil(performance.now() - startedAt));
    seen.push({ status, text, preliminary: part.preliminary === true });
    next.resolve();
  }
  expect(seen[0]).toEqual({ status: "running", text: "one\n", preliminary: true });
  expect(seen.at(-1)).toEqual({ status: "ok", text: "one\ntwo", preliminary: false });
});

test("pictures are named by default, and shown where that was asked for", async () => {
  for (const images of [false, true]) {
    await using model = await loopbackModel(once("plot"));
    await using tool = createSandboxTool({ runtime: memory(script), images });
    const { steps } = await generateText({
      model: responses(model),
      prompt: "Go.",
      tools: { execute_code: tool },
      stopWhen: isStepCount(5),
    });
    expect(JSON.stringify(steps[0]!.toolResults)).not.toContain(png);
    const told = JSON.stringify(model.requests[1]!.body);
    expect(told).toContain("[sandbox: 1 image: saved at /workspace/figure-1.png]");
    expect(told.includes(png)).toBe(images);
  }
});

test("one tool serves many conversations at once, and none sees another's files", async () => {
  await using model = await loopbackModel(({ userText, toolResults }) =>
    toolResults.length < 2
      ? { calls: [{ name: "execute_code", arguments: { code: `${userText}${toolResults.length}` } }] }
      : { text: toolResults.map(({ output }) => String(output).split("\n")[0]).join("; ") },
  );
  await using tool = createSandboxTool({ runtime: memory(script) });
  const ask = async (prompt: string): Promise<string> =>
    (
      await generateText({
        model: responses(model),
        prompt,
        tools: { execute_code: tool },
        stopWhen: isStepCount(5),
      })
    ).text;
  expect(await Promise.all(["a", "b", "a"].map(ask))).toEqual([
    "before: ; before: a0",
    "before: ; before: b0",
    "before: ; before: a0",
  ]);
  expect(tool.sessions.list()).toHaveLength(3);
});

test("a later turn of the same history has the same sandbox, also when it came back as JSON", async () => {
  await using model = await loopbackModel([...(once("a") as []), ...(once("b") as [])]);
  await using tool = createSandboxTool({ runtime: memory(script) });
  const settings = { model: responses(model), tools: { execute_code: tool }, stopWhen: isStepCount(5) };
  const first: ModelMessage[] = [{ role: "user", content: "Go." }];
  const { responseMessages } = await generateText({ ...settings, messages: first });
  const history = JSON.parse(JSON.stringify([...first, ...responseMessages])) as ModelMessage[];
  await generateText({ ...settings, messages: [...history, { role: "user", content: "On." }] });
  expect(model.told.at(-1)).toContain("before: a\n");
});

test("the application names conversations by a function of its context, or by a word", async () => {
  await using model = await loopbackModel([...(once("a") as []), ...(once("b") as [])]);
  await using tool = createSandboxTool({
    runtime: memory(script),
    conversation: ({ messages }) => JSON.stringify(messages[0]!.content),
  });
  for (let turn = 0; turn < 2; turn += 1) {
    await generateText({
      model: responses(model),
      prompt: "Go.",
      tools: { execute_code: tool },
      stopWhen: isStepCount(5),
    });
  }
  expect(model.told.at(-1)).toContain("before: a\n");
  await using named = createSandboxTool({ runtime: memory(script), conversation: "chat-1" });
  await named.execute!({ code: "a" }, { toolCallId: "1", messages: [], context: {} as never });
});

test("cancelling the generation ends the run", async () => {
  await using model = await loopbackModel(once("x"));
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  await using tool = createSandboxTool({
    runtime: memory({
      run: ({ signal }) => {
        started.resolve();
        signal.addEventListener("abort", () => ended.resolve());
        return new Promise(() => {});
      },
    }),
  });
  const control = new AbortController();
  const call = generateText({
    model: responses(model),
    prompt: "Go.",
    tools: { execute_code: tool },
    stopWhen: isStepCount(5),
    abortSignal: control.signal,
  });
  await started.promise;
  control.abort();
  await ended.promise;
  await expect(call).rejects.toThrow(/abort/i);
});

test("the sandbox's own failure is an error whose text shows no path and no secret", async () => {
  await using model = await loopbackModel(once("x"));
  const errors: unknown[] = [];
  await using tool = createSandboxTool({
    runtime: { ...memory(), launch: () => Promise.reject(new Error("ENOENT /home/me/.docker token=abc")) },
    onError: (error) => errors.push(error),
  });
  const { steps } = await generateText({
    model: responses(model),
    prompt: "Go.",
    tools: { execute_code: tool },
    stopWhen: isStepCount(5),
  });
  expect(steps[0]!.content.map(({ type }) => type)).toContain("tool-error");
  expect(model.told[0]).toMatch(/The sandbox failed, which is no fault of the code/);
  expect(JSON.stringify(model.requests[1]!.body)).not.toMatch(/home\/me|token=|node_modules/);
  expect(String(errors[0])).toContain("token=abc");
});

test("a box that died between calls is replaced with a word to the model", async () => {
  await using model = await loopbackModel([
    { calls: [{ name: "execute_code", arguments: { code: "a" } }] },
    { calls: [{ name: "execute_code", arguments: { code: "die" } }] },
    { calls: [{ name: "execute_code", arguments: { code: "b" } }] },
    { text: "Done." },
  ]);
  await using tool = createSandboxTool({ runtime: memory(script) });
  await generateText({
    model: responses(model),
    prompt: "Go.",
    tools: { execute_code: tool },
    stopWhen: isStepCount(9),
  });
  expect(model.told[1]).toMatch(
    /^\[sandbox: The sandbox ended during this call.*gets a new, empty sandbox\.\]$/,
  );
  expect(model.told[2]).toContain("before: \n");
});

test("an agent asks for approval: denied code does not run, approved code does", async () => {
  for (const approved of [false, true]) {
    await using model = await loopbackModel(once("a"));
    let runs = 0;
    await using tool = createSandboxTool({ runtime: memory({ run: () => void (runs += 1) }) });
    const agent = new ToolLoopAgent({
      model: responses(model),
      tools: { execute_code: tool },
      toolApproval: { execute_code: "user-approval" },
    });
    const messages: ModelMessage[] = [{ role: "user", content: "Go." }];
    const asked = await agent.generate({ messages });
    expect(runs).toBe(0);
    const request = asked.content.find(({ type }) => type === "tool-approval-request") as {
      approvalId: string;
    };
    messages.push(...asked.response.messages, {
      role: "tool",
      content: [{ type: "tool-approval-response", approvalId: request.approvalId, approved }],
    });
    expect((await agent.generate({ messages })).text).toBe("Done.");
    expect(runs).toBe(approved ? 1 : 0);
  }
});

test("code, commands and files share one sandbox", async () => {
  await using model = await loopbackModel([
    { calls: [{ name: "write_sandbox_file", arguments: { path: "in.txt", content: "hello" } }] },
    { calls: [{ name: "execute_code", arguments: { code: "out.txt" } }] },
    { calls: [{ name: "execute_command", arguments: { command: "ls" } }] },
    { calls: [{ name: "list_sandbox_files", arguments: {} }] },
    { calls: [{ name: "read_sandbox_file", arguments: { path: "in.txt" } }] },
    { text: "Done." },
  ]);
  await using sandbox = createSandboxTools({
    runtime: memory({ ...script, command: ({ shell }) => ({ stdout: `$ ${shell}\n` }) }),
  });
  await generateText({
    model: responses(model),
    prompt: "Go.",
    tools: sandbox.tools,
    stopWhen: isStepCount(9),
  });
  expect(model.told).toEqual([
    "[sandbox: Wrote /workspace/in.txt, 5 bytes.]",
    "before: in.txt\n[sandbox: 1 file written: /workspace/out.txt (7 bytes)]",
    "$ ls",
    "in.txt (5 bytes)\nout.txt (7 bytes)",
    "hello",
  ]);
  expect(sandbox.sessions.list()).toHaveLength(1);
});

test.each([[{ name: "x" }], [{ images: 1 }], [{ conversation: 1 }], [{ colour: "red" }]])(
  "the option %j is refused",
  (options) => {
    expect(() => createSandboxTool(options as never)).toThrow(
      expect.objectContaining({
        code: "INVALID_OPTION",
        message: expect.not.stringMatching("SandboxSession") as string,
      }),
    );
  },
);
