import { afterEach, describe, expect, test } from "vitest";
import { awk } from "./awk.ts";
import { ToolError } from "./tool.ts";
import type { ToolContext } from "./tool.ts";

const context = { cwd: "/", stdin: "", env: new Map() } as unknown as ToolContext;
const reached = globalThis as { reachedByAwk?: boolean };
afterEach(() => {
  delete reached.reachedByAwk;
});

// A program becomes JavaScript: what stands where a name belongs must be one.
describe("a program cannot put JavaScript of its own where a name belongs", () => {
  const array = "y = (globalThis.reachedByAwk = true), a_z";
  const named = "x() {} globalThis.reachedByAwk = true; function f_y";
  test.each([
    ["a string as the array of delete", `BEGIN { delete "${array}" }`],
    ["a pattern as the array of delete", `BEGIN { delete /${array}/ }`],
    ["a string as the array that a key is in", `BEGIN { print (1 in "${array}") }`],
    ["a pattern as the array that a key is in", `BEGIN { print (1 in /${array}/) }`],
    ["a string as the name of a function", `function "${named}"(a) { } BEGIN { }`],
    ["a pattern as the name of a function", `function /${named}/(a) { } BEGIN { }`],
  ])("%s", async (_, program) => {
    await expect(awk([program], context)).rejects.toThrow(ToolError);
    expect(reached.reachedByAwk).toBeUndefined();
  });
});

test("names stand where they belong, of functions with or without a blank after them", async () => {
  const program =
    "function f(a) { delete a[1]; return 2 in a } function g (a) { a[1]; a[2]; return f(a) } BEGIN { print g(b), (1 in b); delete b; print length(b) }";
  expect(await awk([program], context)).toEqual({ stdout: "1 0\n0\n", stderr: "", exitCode: 0 });
});
