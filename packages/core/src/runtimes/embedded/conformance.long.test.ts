import { afterAll, describe, test } from "vitest";
import { testRuntime } from "../../testing/conformance/test-runtime.ts";
import type { ConformanceException } from "../../testing/conformance/test-runtime.ts";
import { embedded } from "./index.ts";

const exceptions: readonly ConformanceException[] = [];

testRuntime({
  name: "embedded",
  runner: { describe, test, afterAll },
  runtime: () => embedded(),
  exceptions,
});
