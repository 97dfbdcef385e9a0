import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Keeps a stage's result in a folder, for `report` to sum up; a failed stage whose tests all passed counts as a failure. */
export function keepResult(folder, stage, counts = { passed: 0, failed: 0, skipped: 0, failures: [] }) {
  const result = { ...counts, name: stage.name, seconds: stage.seconds };
  if (!stage.ok && (counts.failed === 0 || stage.timedOut)) {
    result.failed += 1;
    result.failures = [...counts.failures, { name: stage.name, message: stage.tail.slice(-4000) }];
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${stage.name.replaceAll(/\W+/g, "-")}.json`), JSON.stringify(result));
}

/** Prints what failed or was unstable and, as the last line, `N passed, N failed, N skipped`; true when something ran and nothing failed. */
export function report(folder) {
  const results = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  for (const { failures } of results) {
    for (const { name, message } of failures) {
      console.log(`\nFAILED ${name}\n${indented(message)}`);
    }
  }
  for (const { unstable = [] } of results) {
    for (const { name, message } of unstable) {
      console.log(`\nUNSTABLE (passed only when repeated) ${name}\n${indented(message)}`);
    }
  }
  console.log("");
  for (const { name, passed, failed, skipped, seconds } of results) {
    console.log(`${name}: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds.toFixed(1)} s)`);
  }
  for (const { failures, unstable = [] } of results) {
    for (const { name } of unstable) console.log(`UNSTABLE ${name}`);
    for (const { name } of failures) console.log(`FAILED ${name}`);
  }
  console.log(`${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
  return sum("failed") === 0 && sum("passed") > 0;
}

function indented(message) {
  const lines = message.trim().split("\n");
  const shown = lines.length > 40 ? [...lines.slice(0, 25), "…", ...lines.slice(-14)] : lines;
  return shown.map((line) => `    ${line}`).join("\n");
}
