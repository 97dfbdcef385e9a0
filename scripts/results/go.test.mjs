import { expect, test } from "vitest";
import { goResults } from "./go.mjs";

const lines = (...events) => events.map((event) => JSON.stringify(event)).join("\n");

test("counts a test with subtests through them", () => {
  const { passed, failed, skipped, failures } = goResults(
    lines(
      { Action: "output", Package: "agent", Test: "TestA/y", Output: "a_test.go:3: no y\n" },
      { Action: "pass", Package: "agent", Test: "TestA/x" },
      { Action: "fail", Package: "agent", Test: "TestA/y" },
      { Action: "fail", Package: "agent", Test: "TestA" },
      { Action: "skip", Package: "agent", Test: "TestB" },
      { Action: "fail", Package: "agent" },
    ),
  );
  expect({ passed, failed, skipped }).toEqual({ passed: 1, failed: 1, skipped: 1 });
  expect(failures).toEqual([{ name: "[agent] agent TestA/y", message: "a_test.go:3: no y\n" }]);
});

test("counts a package that does not compile, with the compiler's words", () => {
  const { failed, failures } = goResults(
    lines(
      { ImportPath: "agent [agent.test]", Action: "build-output", Output: "undefined: y\n" },
      { ImportPath: "agent [agent.test]", Action: "build-fail" },
      { Action: "fail", Package: "agent", FailedBuild: "agent [agent.test]" },
    ),
  );
  expect(failed).toBe(1);
  expect(failures[0]).toEqual({ name: "[agent] agent", message: "undefined: y\n" });
});
