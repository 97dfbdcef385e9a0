import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { loopbackModel } from "@llm-sandbox/loopback-model";
import { expect, test } from "vitest";

const run = promisify(execFile);
const { OPENAI_API_KEY: _, ...env } = process.env;
const limitMs = 600_000;

test.each([
  ["ai-sdk", /It is told: 541[\s\S]*The 100th prime number is 541\.\n$/],
  ["mcp", /execute_code says: people {2,}35[\s\S]*35 people in all\.\n$/],
] as const)(
  "the example %s runs without a key",
  async (name, said) => {
    const { stdout } = await run(process.execPath, [join(import.meta.dirname, `${name}.ts`)], { env });
    expect(stdout).toMatch(said);
  },
  limitMs,
);

test.each([
  ["ai-sdk", /^541\n$/],
  ["mcp", /^http:\/\/127\.0\.0\.1:8974\/mcp\n$/],
] as const)(
  "the first snippet of the README of %s runs",
  async (name, said) => {
    const readme = await readFile(join(import.meta.dirname, `../packages/${name}/README.md`), "utf8");
    const code = /^```ts\n([\s\S]*?)^```$/m.exec(readme)![1]!;
    await using model = await loopbackModel(({ toolResults }) =>
      toolResults.length === 0
        ? { calls: [{ name: "execute_code", arguments: { code: "print(541)" } }] }
        : { text: String(toolResults[0]!.output) },
    );
    const { stdout } = await run(process.execPath, ["--input-type=module-typescript", "--eval", code], {
      cwd: import.meta.dirname,
      env: { ...env, OPENAI_API_KEY: "none", OPENAI_BASE_URL: model.baseUrl },
    });
    expect(stdout).toMatch(said);
  },
  limitMs,
);
