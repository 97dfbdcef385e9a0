import { expect, test } from "vitest";
import type { Engine } from "../../engine/engine.ts";
import type { CreateBody } from "./create-body.ts";
import { missingLimits, withoutMissingLimits } from "./missing-limits.ts";

const engine = (unlimited: Engine["unlimited"]): Engine =>
  ({ unlimited, kind: "docker", version: "1", rootless: true, client: { address: "unix:///x" } }) as Engine;

test("an engine that would drop limits is refused, unless that is accepted, and then it is said", () => {
  expect(missingLimits(engine([]))).toBeUndefined();
  expect(() => missingLimits(engine(["memory", "processes"]))).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED", message: expect.stringMatching(/memory and processes/) }),
  );
  expect(missingLimits(engine(["processors"]), "accept")).toMatch(/no limit of processors/);
});

test("limits that the engine does not have are left out of a box's description, and no other", () => {
  const HostConfig = { Memory: 1, MemorySwap: 1, PidsLimit: 2, NanoCpus: 3, ReadonlyRootfs: true };
  const body = { HostConfig } as unknown as CreateBody;
  expect(withoutMissingLimits(body, [])).toBe(body);
  expect(withoutMissingLimits(body, ["memory", "processors"]).HostConfig).toEqual({
    PidsLimit: 2,
    ReadonlyRootfs: true,
  });
});
