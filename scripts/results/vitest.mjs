import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";

/** Counts and failures of one vitest JSON report; `unstable` are tests that passed only when repeated. */
export function vitestResults(path, project) {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [], unstable: [] };
  if (!existsSync(path)) return counts;
  for (const file of JSON.parse(readFileSync(path, "utf8")).testResults) {
    const failedBefore = counts.failed;
    const name = `[${project}] ${relative(process.cwd(), file.name)}`;
    for (const { status, fullName, failureMessages } of file.assertionResults) {
      const failure = { name: `${name} > ${fullName}`, message: ownLines(failureMessages.join("\n")) };
      if (status === "passed") {
        counts.passed += 1;
        if (failureMessages.length > 0) counts.unstable.push(failure);
      } else if (status === "failed") {
        counts.failed += 1;
        counts.failures.push(failure);
      } else counts.skipped += 1;
    }
    if (file.status === "failed" && counts.failed === failedBefore) {
      counts.failed += 1;
      counts.failures.push({ name, message: file.message });
    }
  }
  return counts;
}

function ownLines(message) {
  return message
    .split("\n")
    .filter((line) => !/^\s+at .*(node_modules|new Promise|node:internal)/.test(line))
    .join("\n");
}
