import { afterAll, describe, expect, test } from "vitest";
import { docker } from "../runtimes/docker/index.ts";
import { EngineUnderTest } from "../runtimes/docker/testing/engine-under-test.ts";
import { testRuntime } from "./conformance/test-runtime.ts";
import type { ConformanceException } from "./conformance/test-runtime.ts";

const engine = await EngineUnderTest.find();

const podmanExceptions: readonly ConformanceException[] = [
  {
    case: "A/inodes",
    reason: "Podman's API takes no nr_inodes for a tmpfs; the box's memory bounds the number of files",
  },
  {
    case: "E/workspace-locked",
    reason: "Podman's API takes no uid for a tmpfs; its folder is root's, whom no program can lock out",
  },
];

// Without an engine this one line tells why nothing else is here.
test.skipIf(!engine)("a container engine is found: DOCKER_HOST, Docker, Podman", () => {
  expect(engine?.name).toMatch(/^(docker|podman) \d/);
});

for (const mode of engine ? (["split-uid", "same-uid"] as const) : []) {
  testRuntime({
    name: `${engine!.name}, ${mode}`,
    runner: { describe, test, afterAll },
    runtime: () => docker({ mode }),
    exceptions: engine!.kind === "podman" ? podmanExceptions : [],
    leftovers: async () =>
      (await engine!.boxesOf(process.pid)).map(({ name, state }) => `${name} (${state})`),
  });
}
