import { expect, test } from "vitest";
import { fuzzedConnection } from "./fuzzed-connection.ts";
import { seededRandom } from "./hostile-bytes.ts";

test("a connection that is sent mutated frames ends with a typed error, and nothing hangs", async () => {
  const random = seededRandom(7);
  const codes = new Set<string>();
  for (let round = 0; round < 300; round += 1) codes.add(await fuzzedConnection(random, 50));
  expect([...codes].toSorted()).toEqual(["BOX_LOST", "PROTOCOL_ERROR"]);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});
