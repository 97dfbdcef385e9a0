import { expect, test } from "vitest";
import type { EngineClient } from "./engine-client.ts";
import { describeEngine, type Engine } from "./engine.ts";

/** An engine that answers these paths. */
function described(answers: Readonly<Record<string, unknown>>): Promise<Engine> {
  const json = async ({ path }: { readonly path: string }): Promise<unknown> => answers[path] ?? {};
  return describeEngine({ json, address: "unix:///engine" } as unknown as EngineClient);
}

const podman = { Version: "4.3.1", Components: [{ Name: "Podman Engine" }] };

test("what Docker cannot limit is known", async () => {
  const limits = { MemoryLimit: true, PidsLimit: true, CpuCfsQuota: true };
  expect(await described({ "/info": limits })).toMatchObject({ unlimited: [], rootless: false });
  expect(await described({ "/info": {} })).toMatchObject({ unlimited: [] });
  expect(await described({ "/info": { ...limits, CpuCfsQuota: false } })).toMatchObject({
    unlimited: ["processors"],
  });
  const none = {
    MemoryLimit: false,
    PidsLimit: false,
    CpuCfsQuota: false,
    SecurityOptions: ["name=rootless"],
  };
  expect(await described({ "/info": none })).toMatchObject({
    unlimited: ["memory", "processes", "processors"],
    rootless: true,
    fewIds: true,
  });
});

test("what Podman cannot limit is asked of its own API, as its Docker API claims everything", async () => {
  const info = { MemoryLimit: true, PidsLimit: true, CpuCfsQuota: true, Rootless: true };
  const withControllers = (cgroupControllers: readonly string[] | undefined) =>
    described({ "/version": podman, "/info": info, "/v3.0.0/libpod/info": { host: { cgroupControllers } } });
  expect(await withControllers(["cpu", "memory", "pids"])).toMatchObject({
    kind: "podman",
    unlimited: [],
    rootless: true,
    fewIds: true,
  });
  expect(await withControllers([])).toMatchObject({ unlimited: ["memory", "processes", "processors"] });
  expect(await withControllers(["memory", "pids"])).toMatchObject({ unlimited: ["processors"] });
  expect(await withControllers(undefined)).toMatchObject({ unlimited: [] });
});
