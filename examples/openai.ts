// A question that a model answers by running code. With OPENAI_API_KEY set it is OpenAI's model, otherwise a scripted one.
import { createSandboxTool } from "@llm-sandbox/openai";
import { loopbackModel } from "@llm-sandbox/loopback-model";
import OpenAI from "openai";

const question = "Which of the first 1000 natural numbers has the longest Collatz sequence?";
const code = `
def steps(n):
    count = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        count += 1
    return count

best = max(range(1, 1001), key=steps)
print(best, steps(best))
`;

const apiKey = process.env["OPENAI_API_KEY"];
await using scripted = await loopbackModel(({ toolResults }) =>
  toolResults.length === 0
    ? { calls: [{ name: "execute_code", arguments: { code } }] }
    : { text: `The code printed: ${String(toolResults[0]!.output)}` },
);
const openai = apiKey ? new OpenAI({ apiKey }) : new OpenAI({ apiKey: "none", baseURL: scripted.baseUrl });

await using tool = createSandboxTool({
  onOutcome: ({ text, durationMs }) => console.log(`[the model is told, after ${durationMs} ms] ${text}`),
});
const runner = openai.chat.completions.runTools({
  model: process.env["OPENAI_MODEL"] ?? "gpt-5-mini",
  messages: [{ role: "user", content: question }],
  tools: [tool.runnable],
});
console.log(await runner.finalContent());
