import OpenAI from "openai";
import { expect, test } from "vitest";
import { loopbackModel } from "./loopback-model.ts";
import type { LoopbackModel, Script } from "./index.ts";

const script: Script = [
  { calls: [{ id: "c1", name: "execute_code", arguments: { code: "print('é😀')" } }] },
  { text: "The answer is 42." },
];

const client = (model: LoopbackModel): OpenAI =>
  new OpenAI({ apiKey: "none", baseURL: model.baseUrl, maxRetries: 0 });

const result = { role: "tool", tool_call_id: "c1", content: "42" } as const;

test("Chat Completions, whole and streamed, with the real client", async () => {
  await using model = await loopbackModel([...script, ...script]);
  const openai = client(model);
  const ask = { model: "m", messages: [{ role: "user", content: "Hi" }] } as const;
  const whole = await openai.chat.completions.create({ ...ask, messages: [...ask.messages] });
  expect(whole.choices[0]!.message.tool_calls).toMatchObject([
    { id: "c1", function: { name: "execute_code", arguments: JSON.stringify({ code: "print('é😀')" }) } },
  ]);
  const text = await openai.chat.completions.create({ ...ask, messages: [...ask.messages, result] });
  expect(text.choices[0]!.message.content).toBe("The answer is 42.");
  expect(model.told).toEqual(["42"]);
  expect(model.requests[0]!.userText).toBe("Hi");
  const streamed = openai.chat.completions.stream({ ...ask, messages: [...ask.messages] });
  expect((await streamed.finalMessage()).tool_calls).toMatchObject([
    { id: "c1", function: { arguments: JSON.stringify({ code: "print('é😀')" }) } },
  ]);
  const last = openai.chat.completions.stream({ ...ask, messages: [...ask.messages] });
  expect(await last.finalContent()).toBe("The answer is 42.");
});

test("Responses, whole and streamed, with the real client", async () => {
  await using model = await loopbackModel([...script, ...script]);
  const openai = client(model);
  const whole = await openai.responses.create({ model: "m", input: "Hi" });
  expect(whole.output).toMatchObject([{ type: "function_call", call_id: "c1", name: "execute_code" }]);
  const output = { type: "function_call_output", call_id: "c1", output: "42" } as const;
  expect((await openai.responses.create({ model: "m", input: [output] })).output_text).toBe(
    "The answer is 42.",
  );
  expect(model.told).toEqual(["42"]);
  const streamed = await openai.responses.stream({ model: "m", input: "Hi" }).finalResponse();
  expect(streamed.output).toMatchObject([{ type: "function_call", call_id: "c1" }]);
  const last = await openai.responses.stream({ model: "m", input: "Hi" }).finalResponse();
  expect(last.output_text).toBe("The answer is 42.");
});

test("a script that has ended is an error", async () => {
  await using model = await loopbackModel([]);
  await expect(client(model).responses.create({ model: "m", input: "Hi" })).rejects.toThrow("no turn 1");
});
