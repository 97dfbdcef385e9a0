import { expect, test } from "vitest";
import { FrameError } from "../stream/frame.ts";
import { asMessage } from "../stream/message.ts";
import { KernelReport } from "./kernel-report.ts";

function report(...messages: readonly object[]): KernelReport {
  const made = new KernelReport();
  for (const message of messages) made.take(asMessage(message));
  return made;
}

test("outputs keep their order, the value comes last, and the last value counts", () => {
  const { allOutputs, value } = report(
    { type: "value", data: { "text/plain": "1" } },
    { type: "display", data: { "image/png": "AAAA", "text/plain": "figure" } },
    { type: "value", data: { "text/plain": "2", "application/json": { a: [1] } } },
  );
  expect(allOutputs.map((output) => ({ kind: output.kind, ...output.data }))).toEqual([
    { kind: "display", "image/png": "AAAA", "text/plain": "figure" },
    { kind: "value", "text/plain": "2", "application/json": { a: [1] } },
  ]);
  expect(value).toBe("2");
});

test("an error is read with its line, and without what it lacks", () => {
  expect(report({ type: "error", name: "ValueError", message: "no", traceback: "t", line: 3 }).error).toEqual(
    {
      name: "ValueError",
      message: "no",
      traceback: "t",
      line: 3,
    },
  );
  expect(report({ type: "error" }).error).toEqual({ name: "Error", message: "", traceback: "" });
});

test("done gives the exit code, 0 where there is none", () => {
  expect(report().done).toBeNull();
  expect(report({ type: "done" }).done).toBe(0);
  expect(report({ type: "done", exitCode: 130 }).done).toBe(130);
});

test.each([
  [{ type: "unheard-of" }],
  [{}],
  [{ type: "display" }],
  [{ type: "display", data: [] }],
  [{ type: "display", data: { "text/plain": 5 } }],
  [{ type: "display", data: { "text/html": { a: 1 } } }],
  [{ type: "display", data: { plain: "x" } }],
  [{ type: "display", data: { "Text/PLAIN": "x" } }],
  [{ type: "display", data: JSON.parse('{"__proto__":"x"}') as object }],
  [{ type: "error", name: 5 }],
  [{ type: "error", name: "x".repeat(1_001) }],
  [{ type: "error", line: -1 }],
  [{ type: "done", exitCode: "0" }],
])("%j is refused", (message) => {
  expect(() => report(message)).toThrow(FrameError);
});
