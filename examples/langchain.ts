// An agent that answers by running code, its output shown as it comes. With OPENAI_API_KEY set it is OpenAI's model, otherwise a scripted one.
import { createSandboxTool } from "@llm-sandbox/langchain";
import type { SandboxProgress } from "@llm-sandbox/langchain";
import { loopbackModel } from "@llm-sandbox/loopback-model";
import { ChatOpenAI } from "@langchain/openai";
import { createAgent } from "langchain";
import type { BaseMessage } from "langchain";

const question = "Estimate pi by throwing a million darts, and report as you go.";
const code = `
import random
inside = 0
for dart in range(1, 1_000_001):
    inside += random.random() ** 2 + random.random() ** 2 < 1
    if dart % 250_000 == 0:
        print(f"after {dart:,}: {4 * inside / dart:.4f}", flush=True)
`;

const apiKey = process.env["OPENAI_API_KEY"];
await using scripted = await loopbackModel(({ toolResults }) =>
  toolResults.length === 0
    ? { calls: [{ name: "execute_code", arguments: { code } }] }
    : { text: `The last estimate: ${String(toolResults[0]!.output).split("\n").at(-1)}` },
);
const model = new ChatOpenAI({
  model: process.env["OPENAI_MODEL"] ?? "gpt-5-mini",
  ...(apiKey ? { apiKey } : { apiKey: "none", configuration: { baseURL: scripted.baseUrl } }),
});

await using tool = createSandboxTool();
const agent = createAgent({ model, tools: [tool] });
const input = { messages: [{ role: "user", content: question }] };
let answer = "";
for await (const [mode, chunk] of await agent.stream(input, { streamMode: ["custom", "values"] })) {
  if (mode === "custom") console.log(`[so far]\n${(chunk as SandboxProgress).output}`);
  else answer = (chunk as { messages: BaseMessage[] }).messages.at(-1)?.text ?? "";
}
console.log(answer);
