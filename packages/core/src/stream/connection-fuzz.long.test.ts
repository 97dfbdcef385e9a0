import { expect, test } from "vitest";
import { fuzzedConnection } from "./fuzzed-connection.ts";
import { seededRandom } from "./hostile-bytes.ts";

const rounds = process.env["LLM_SANDBOX_LONG"] === "short" ? 2_000 : 40_000;

test(`${rounds} connections that are sent 25 mutated frames each end with a typed error`, async () => {
  const seed = Date.now() >>> 0;
  const random = seededRandom(seed);
  for (let round = 0; round < rounds; round += 1) {
    const code = await fuzzedConnection(random, 25);
    expect(code, `seed ${seed}, round ${round}`).toMatch(/^(BOX_LOST|PROTOCOL_ERROR)$/);
  }
  expect(Object.keys(Object.prototype)).toEqual([]);
});
