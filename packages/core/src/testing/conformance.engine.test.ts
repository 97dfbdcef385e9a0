import { afterAll, describe, test } from "vitest";
import { docker } from "../runtimes/docker/index.ts";
import { EngineUnderTest } from "../runtimes/docker/testing/engine-under-test.ts";
import { testRuntime } from "./conformance/test-runtime.ts";
import type { ConformanceException } from "./conformance/test-runtime.ts";

const engine = await EngineUnderTest.find();
const runner = { describe, test, afterAll };

const podmanExceptions: readonly ConformanceException[] = [
  {
    case: "A/inodes",
    reason: "Podman's API takes no nr_inodes for a tmpfs; the box's memory bounds the number of files",
  },
];

if (!engine) {
  test.skip("no container engine is found on this machine: set DOCKER_HOST, or start Docker or Podman", () => {});
} else {
  const modes = ["split-uid", "same-uid"] as const;
  for (const mode of modes) {
    testRuntime({
      name: `${engine.name}, ${mode}`,
      runner,
      runtime: () => docker({ mode }),
      exceptions: engine.kind === "podman" ? podmanExceptions : [],
      leftovers: async () =>
        (await engine.boxesOf(process.pid)).map(({ name, state }) => `${name} (${state})`),
    });
  }
}
