// An MCP client beside the sandbox's server: it starts the server as a host does, and calls its tools. With OPENAI_API_KEY a
// model decides what to run, else a scripted one on loopback does.
import { fileURLToPath } from "node:url";
import { createOpenAI } from "@ai-sdk/openai";
import { loopbackModel } from "@llm-sandbox/loopback-model";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { dynamicTool, generateText, isStepCount, jsonSchema } from "ai";
import type { JSONSchema7 } from "ai";

const server = fileURLToPath(new URL("main.js", import.meta.resolve("@llm-sandbox/mcp")));
const client = new Client({ name: "example", version: "1.0.0" });
await client.connect(
  new StdioClientTransport({ command: process.execPath, args: [server, "--lang", "python"] }),
);
const { tools } = await client.listTools();
console.log("The server offers:", tools.map(({ name }) => name).join(", "));

const apiKey = process.env["OPENAI_API_KEY"];
await using scripted = await loopbackModel([
  {
    calls: [
      {
        name: "write_sandbox_file",
        arguments: { path: "data.csv", content: "city,people\nOslo,7\nRome,28\n" },
      },
    ],
  },
  {
    calls: [
      {
        name: "execute_code",
        arguments: { code: "import pandas\nprint(pandas.read_csv('data.csv').sum(numeric_only=True))" },
      },
    ],
  },
  { text: "35 people in all." },
]);
const openai = createOpenAI(apiKey ? { apiKey } : { apiKey: "none", baseURL: scripted.baseUrl });
const { text } = await generateText({
  model: openai(process.env["OPENAI_MODEL"] ?? "gpt-5.1"),
  prompt: "Write a small table to data.csv in the sandbox and add its numbers up with pandas.",
  tools: Object.fromEntries(
    tools.map(({ name, description = "", inputSchema }) => [
      name,
      dynamicTool({
        description,
        inputSchema: jsonSchema(inputSchema as JSONSchema7),
        execute: async (input, { abortSignal }) => {
          const call = { name, arguments: input as Record<string, unknown> };
          const { content } = await client.callTool(call, abortSignal ? { signal: abortSignal } : {});
          const told = content
            .map((part) => (part.type === "text" ? part.text : `[${part.type}]`))
            .join("\n");
          console.log(`${name} says:`, told);
          return told;
        },
      }),
    ]),
  ),
  stopWhen: isStepCount(10),
});
console.log(text);
await client.close();
