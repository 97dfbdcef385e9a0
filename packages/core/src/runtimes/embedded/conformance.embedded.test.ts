import { afterAll, describe, test } from "vitest";
import { testRuntime } from "../../testing/conformance/test-runtime.ts";
import { embeddedExceptions } from "./conformance-exceptions.ts";
import { embedded } from "./index.ts";

testRuntime({
  name: "embedded",
  runner: { describe, test, afterAll },
  runtime: () => embedded(),
  exceptions: embeddedExceptions,
});
