import { createOpenAI } from "@ai-sdk/openai";
import { memory } from "@llm-sandbox/core/testing";
import type { MemoryOptions } from "@llm-sandbox/core/testing";
import { loopbackModel } from "@llm-sandbox/loopback-model";
import type { LoopbackModel, ScriptedTurn } from "@llm-sandbox/loopback-model";
import { convertToModelMessages, isStepCount, readUIMessageStream, streamText, toUIMessageStream } from "ai";
import type { UIMessage } from "ai";
import { expect, test } from "vitest";
import { createSandboxTool } from "./index.ts";
import type { CreateSandboxToolOptions, SandboxTool, SandboxToolOutput } from "./index.ts";

const png = Buffer.from("89504e470d0a1a0a", "hex").toString("base64");
const turn = (code: string): ScriptedTurn[] => [
  { calls: [{ name: "execute_code", arguments: { code } }] },
  { text: "Done." },
];
const script: MemoryOptions = {
  run: ({ code, files }) => {
    if (code === "plot") return { outputs: [{ "image/png": png }] };
    return {
      stdout: files
        .list("/workspace")
        .map(({ path }) => path)
        .join(" "),
    };
  },
};

/** One turn of a chat as a server answers it: messages in as JSON, messages out as JSON. */
async function answer(model: LoopbackModel, tool: SandboxTool, messages: UIMessage[]): Promise<UIMessage[]> {
  const tools = { execute_code: tool };
  const { stream } = streamText({
    model: createOpenAI({ apiKey: "none", baseURL: model.baseUrl }).responses("m"),
    messages: await convertToModelMessages(messages, { tools }),
    tools,
    stopWhen: isStepCount(5),
  });
  let last: UIMessage | undefined;
  for await (const message of readUIMessageStream({ stream: toUIMessageStream({ stream, tools }) }))
    last = message;
  return JSON.parse(JSON.stringify([...messages, last])) as UIMessage[];
}

const ask = (text: string): UIMessage => ({ id: text, role: "user", parts: [{ type: "text", text }] });
const make = (options: CreateSandboxToolOptions = {}): SandboxTool =>
  createSandboxTool({ runtime: memory(script), ...options });

test("a chat's later turns have its sandbox, and its pictures are shown again from the bytes that were kept", async () => {
  await using model = await loopbackModel([...turn("plot"), ...turn("list")]);
  await using tool = make({ images: true });
  const first = await answer(model, tool, [ask("Plot.")]);
  expect(JSON.stringify(first)).not.toContain(png);
  const part = first[1]!.parts.find(({ type }) => type === "tool-execute_code") as {
    output: SandboxToolOutput;
  };
  expect(part).toMatchObject({ state: "output-available", output: { status: "ok" } });
  expect(part.output.images).toEqual([{ path: "/workspace/figure-1.png", mediaType: "image/png", size: 8 }]);
  await answer(model, tool, [...first, ask("List.")]);
  expect(JSON.stringify(model.requests[2]!.body)).toContain(png);
  expect(model.told.at(-1)).toBe("figure-1.png");
});

test("what a browser is told of the sandbox's own failure names nothing of this machine", async () => {
  await using model = await loopbackModel(turn("x"));
  await using tool = make({
    runtime: { ...memory(), launch: () => Promise.reject(new Error("ENOENT /home/me/.docker token=abc")) },
  });
  const messages = JSON.stringify(await answer(model, tool, [ask("Go.")]));
  expect(messages).toContain("output-error");
  expect(messages).not.toMatch(/home\/me|token|node_modules/);
});

test("a chat that goes on after the server was started again is told that its sandbox is a new one", async () => {
  await using model = await loopbackModel([...turn("one"), ...turn("two"), ...turn("three")]);
  await using before = make();
  const first = await answer(model, before, [ask("Go.")]);
  await using tool = make();
  const second = await answer(model, tool, [...first, ask("Go on.")]);
  expect(model.told.at(-1)).toMatch(
    /^\[sandbox: This call ran in a new sandbox, not in that of the earlier calls:/,
  );
  await answer(model, tool, [...second, ask("Go on.")]);
  expect(model.told.at(-1)).toBe("[sandbox: Finished without output. Print what you want to see.]");
});
