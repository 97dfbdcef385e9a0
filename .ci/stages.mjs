// Starts the engines, runs every stage against the clock, stops what it started, and sums up.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "../scripts/prepare.mjs";
import { keepResult, report } from "../scripts/results/report.mjs";
import { say } from "../scripts/say.mjs";
import { runStage } from "../scripts/stage.mjs";
import { ensureToolchain } from "../scripts/toolchain.mjs";
import { startEngines, stopEngines } from "./engines.mjs";
import { makeGvisor } from "./gvisor.mjs";

const minutes = 60_000;
const deadline = performance.now() + Number(process.env.CI_MINUTES ?? 38) * minutes;
const reports = join(root, "reports");

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

// One clock for all: whatever hangs, the summary comes before the deadline.
async function stage(name, allowedMs, command, args, options = {}) {
  const left = Math.max(deadline - performance.now(), 10_000);
  const result = await runStage({
    name,
    command,
    args,
    timeoutMs: Math.min(allowedMs, left),
    cwd: root,
    env: { ...process.env, LLM_SANDBOX_LONG: "short", ...options.env },
    ...(options.onStdout ? { onStdout: options.onStdout } : {}),
  });
  if (result.interrupted) throw new Error(`Stopped during: ${name}`);
  return result;
}

// A stage of one step, which counts as one test; the stages of `npm test` count their own.
async function checkedStage(...args) {
  const result = await stage(...args);
  keepResult(reports, result, { passed: result.ok ? 1 : 0, failed: 0, skipped: 0, failures: [] });
}

// `npm test` keeps the results of its own stages; only one that could not is kept here.
async function testStage(name, allowedMs, args, engines, env = {}) {
  const result = await stage(name, allowedMs, "npm", args, {
    env: {
      ...env,
      ...(engines === "" ? {} : { LLM_SANDBOX_TEST_ENGINES: engines }),
      LLM_SANDBOX_TEST_REPORTS: reports,
    },
  });
  if (result.timedOut || (!result.ok && !result.tail.includes("results kept"))) {
    keepResult(reports, result);
  }
}

// Built once and copied, so that the tests find every default image on every engine.
async function makeImages(engines) {
  const { node } = ensureToolchain({ say });
  await checkedStage("default images", 12 * minutes, node, [".ci/images.mjs"], {
    env: { DOCKER_HOST: engines[0].address },
  });
  if (engines.length > 1) {
    await checkedStage("share the images", 8 * minutes, "bash", ["scripts/engines/share-images.sh"]);
  }
}

const begin = performance.now();
let good = false;
try {
  await checkedStage("install and build", 8 * minutes, "node", ["scripts/build.mjs"]);
  await checkedStage("pnpm check", 5 * minutes, "node", ["scripts/check.mjs"]);
  const engines = await startEngines(stage, (result) => keepResult(reports, result));
  if (engines.length > 0) await makeImages(engines);
  await checkedStage("packed tarballs", 4 * minutes, "node", ["scripts/pack-smoke.mjs"]);
  const addresses = engines.map(({ name, address }) => `${name}=${address}`);
  const ids = await stage("uidmap", 3 * minutes, "bash", ["scripts/engines/uidmap.sh"]);
  if (!ids.ok) console.log("LEFT OUT: boxes without root, as the package uidmap could not be installed.");
  const tools = await stage("image tools", 3 * minutes, "bash", ["scripts/engines/image-tools.sh"]);
  if (!tools.ok) console.log("LEFT OUT: images from a registry without an engine: no skopeo and umoci here.");
  const gvisor = engines.length > 0 ? await makeGvisor(stage) : null;
  const ociRuntimes = gvisor === null ? {} : { LLM_SANDBOX_TEST_OCI: `runc,${gvisor}` };
  await testStage("npm test", 40 * minutes, ["test"], addresses.join(","), ociRuntimes);
  await testStage("long tests, in short", 6 * minutes, ["test", "--", "--long"], addresses[0] ?? "");
} catch (error) {
  say(error.message);
  keepResult(reports, { name: "stages", ok: false, seconds: 0, tail: error.message });
} finally {
  stopEngines();
  console.log(`\nAll stages: ${((performance.now() - begin) / minutes).toFixed(1)} minutes`);
  good = report(reports);
}
// Nothing that a stage may have left can hold this up.
process.exit(good ? 0 : 1);
