// Starts the engines, runs every stage against the clock, stops what it started, and sums up.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "../scripts/prepare.mjs";
import { keepResult, report } from "../scripts/results/report.mjs";
import { runStage } from "../scripts/stage.mjs";
import { startEngines, stopEngines } from "./engines.mjs";

const minutes = 60_000;
const deadline = performance.now() + Number(process.env.CI_MINUTES ?? 38) * minutes;
const reports = join(root, "reports");

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

// One clock for all: whatever hangs, the summary comes before the deadline.
async function stage(name, allowedMs, command, args, options = {}) {
  const left = Math.max(deadline - performance.now(), 10_000);
  return runStage({
    name,
    command,
    args,
    timeoutMs: Math.min(allowedMs, left),
    cwd: root,
    env: { ...process.env, LLM_SANDBOX_LONG: "short", ...options.env },
    ...(options.onStdout ? { onStdout: options.onStdout } : {}),
  });
}

// A stage of one step, which counts as one test; the stages of `npm test` count their own.
async function checkedStage(...args) {
  const result = await stage(...args);
  keepResult(reports, result, { passed: result.ok ? 1 : 0, failed: 0, skipped: 0, failures: [] });
}

// `npm test` keeps the results of its own stages; only one that could not is kept here.
async function testStage(name, allowedMs, args, engines) {
  const result = await stage(name, allowedMs, "npm", args, {
    env: { LLM_SANDBOX_TEST_ENGINES: engines, LLM_SANDBOX_TEST_REPORTS: reports },
  });
  if (result.timedOut || (!result.ok && !result.tail.includes("results kept"))) {
    keepResult(reports, result);
  }
}

const begin = performance.now();
let good = false;
try {
  const engines = await startEngines(stage, (result) => keepResult(reports, result));
  await testStage("npm test", 32 * minutes, ["test"], engines.join(" "));
  await testStage("long tests, in short", 6 * minutes, ["test", "--", "--long"], engines[0] ?? "");
  await checkedStage("pnpm check", 5 * minutes, "node", ["scripts/check.mjs"]);
  await checkedStage("packed tarballs", 4 * minutes, "node", ["scripts/pack-smoke.mjs"]);
} finally {
  await stopEngines();
  console.log(`\nAll stages: ${((performance.now() - begin) / minutes).toFixed(1)} minutes`);
  good = report(reports);
}
process.exitCode = good ? 0 : 1;
