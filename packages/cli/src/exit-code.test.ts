import { expect, test } from "vitest";
import { exitCodeOf } from "./exit-code.ts";

test.each([
  ["ok", 0, null, 0],
  ["failed", 3, null, 3],
  ["failed", null, "SIGSEGV", 139],
  ["timed-out", null, "SIGKILL", 124],
  ["out-of-memory", null, "SIGKILL", 137],
  ["cancelled", null, "SIGKILL", 130],
] as const)("%s, %s, %s gives %i", (status, exitCode, signal, expected) => {
  expect(exitCodeOf({ status, exitCode, signal })).toBe(expected);
});
