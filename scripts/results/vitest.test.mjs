import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { vitestResults } from "./vitest.mjs";

function resultsOf(...assertionResults) {
  const folder = mkdtempSync(join(tmpdir(), "vitest-results-"));
  try {
    const path = join(folder, "report.json");
    const testResults = [{ name: join(process.cwd(), "a.test.ts"), status: "passed", assertionResults }];
    writeFileSync(path, JSON.stringify({ testResults }));
    return vitestResults(path, "oci");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("counts what passed, failed and was skipped", () => {
  const counts = resultsOf(
    { status: "passed", fullName: "a", failureMessages: [] },
    { status: "failed", fullName: "b", failureMessages: ["no b", "    at node:internal/x:1:1"] },
    { status: "skipped", fullName: "c", failureMessages: [] },
  );
  expect(counts).toEqual({
    passed: 1,
    failed: 1,
    skipped: 1,
    failures: [{ name: "[oci] a.test.ts > b", message: "no b" }],
    unstable: [],
  });
});

test("tells which tests passed only when they were repeated", () => {
  const { passed, failed, unstable } = resultsOf({
    status: "passed",
    fullName: "a",
    failureMessages: ["no a at first"],
  });
  expect({ passed, failed }).toEqual({ passed: 1, failed: 0 });
  expect(unstable).toEqual([{ name: "[oci] a.test.ts > a", message: "no a at first" }]);
});
