import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test.each([
  ["ai-sdk", /It is told: 541[\s\S]*The 100th prime number is 541\.\n$/],
  ["mcp", /execute_code says: people {2,}35[\s\S]*35 people in all\.\n$/],
  ["openai", /] 871 178\nThe code printed: 871 178\n$/],
  ["langchain", /^\[so far\]\nafter 250,000: 3\.1[\s\S]*The last estimate: after 1,000,000: 3\.1\d+\n$/],
] as const)(
  "the example %s runs without a key",
  async (name, said) => {
    const { OPENAI_API_KEY: _, ...env } = process.env;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(import.meta.dirname, `${name}.ts`)],
      { env },
    );
    expect(stdout).toMatch(said);
  },
  600_000,
);
