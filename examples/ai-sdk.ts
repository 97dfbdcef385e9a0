// The AI SDK with a code tool. With OPENAI_API_KEY it asks the real model, else a scripted one on loopback.
import { createOpenAI } from "@ai-sdk/openai";
import { createSandboxTool } from "@llm-sandbox/ai-sdk";
import type { SandboxToolOutput } from "@llm-sandbox/ai-sdk";
import { loopbackModel } from "@llm-sandbox/loopback-model";
import { isStepCount, streamText } from "ai";

const code = `
primes, n = [], 2
while len(primes) < 100:
    if all(n % p for p in primes):
        primes.append(n)
    n += 1
print(primes[-1])
`;
const apiKey = process.env["OPENAI_API_KEY"];
await using scripted = await loopbackModel([
  { calls: [{ name: "execute_code", arguments: { code } }] },
  { text: "The 100th prime number is 541." },
]);
const openai = createOpenAI(apiKey ? { apiKey } : { apiKey: "none", baseURL: scripted.baseUrl });

await using execute_code = createSandboxTool({ lang: "python" });
const { stream } = streamText({
  model: openai(process.env["OPENAI_MODEL"] ?? "gpt-5.1"),
  prompt: "What is the 100th prime number? Use the tool.",
  tools: { execute_code },
  stopWhen: isStepCount(5),
});
for await (const part of stream) {
  if (part.type === "tool-call") console.log("The model runs:", (part.input as { code: string }).code);
  if (part.type === "tool-result" && !part.preliminary) {
    console.log("It is told:", (part.output as SandboxToolOutput).text);
  }
  if (part.type === "text-delta") process.stdout.write(part.text);
  if (part.type === "error") throw part.error;
}
console.log();
