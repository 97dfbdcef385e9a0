// `npm test`: makes everything ready, then runs the tests this machine can run and says which it left out.
//   --long             the slow tests (chaos, fuzzing at full length, a thousand sessions) instead
// LLM_SANDBOX_LONG=short runs those in a short form.
// LLM_SANDBOX_TEST_REPORTS names a folder to leave the results in, for somebody else to sum up.
// LLM_SANDBOX_TEST_ENGINES ("docker=unix:///var/run/docker.sock,podman=unix://…", the names may be left out) says which
// engines to test against; otherwise it is the one that is found.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { findEngine } from "./find-engine.mjs";
import { prepare, root } from "./prepare.mjs";
import { goResults } from "./results/go.mjs";
import { keepResult, report } from "./results/report.mjs";
import { vitestResults } from "./results/vitest.mjs";
import { say } from "./say.mjs";
import { runStage } from "./stage.mjs";
import { ensureToolchain } from "./toolchain.mjs";

const minutes = 60_000;

async function main() {
  const { values } = parseArgs({ options: { long: { type: "boolean", default: false } } });
  const kept = process.env.LLM_SANDBOX_TEST_REPORTS;
  const reports = resolve(kept ?? join(root, "reports"));
  if (kept === undefined) rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });

  const toolchain = ensureToolchain({ say });
  await prepare(toolchain);

  const leftOut = [];
  if (!values.long) {
    await vitest("unit", { project: "unit", timeoutMs: 8 * minutes });
    await vitest("embedded", { project: "embedded", timeoutMs: 14 * minutes });
    if (hasGo()) await agentTests();
    else leftOut.push("the agent's own tests: there is no Go on this machine");
  }
  const engines = testEngines() ?? (await findEngine(toolchain));
  if (engines.length === 0) {
    leftOut.push("everything that runs code in a container: no engine answers (try: npm start)");
  }
  // Its boxes need no engine, their images come from one.
  if (!values.long && engines.length > 0 && process.platform === "linux") {
    await vitest("oci", { project: "oci", env: engines[0].env, timeoutMs: 14 * minutes });
  }
  for (const [index, { name, env: itself }] of engines.entries()) {
    const env = index === 0 ? itself : { ...itself, LLM_SANDBOX_TEST_FURTHER_ENGINE: "1" };
    await (values.long
      ? vitest(`long on ${name}`, { project: "long", env, timeoutMs: 60 * minutes })
      : vitest(`engine on ${name}`, { project: "engine", env, timeoutMs: 15 * minutes }));
  }

  for (const what of leftOut) say(`left out: ${what}`);
  if (kept !== undefined) say(`results kept in ${kept}`);
  else if (!report(reports)) process.exitCode = 1;

  async function vitest(name, { project, env = {}, timeoutMs }) {
    const file = join(reports, `vitest-${name.replaceAll(/\W+/g, "-")}.out`);
    const stage = await runStage({
      name,
      command: toolchain.node,
      args: [
        join(root, "node_modules/vitest/vitest.mjs"),
        "run",
        `--project=${project}`,
        "--passWithNoTests",
        "--reporter=default",
        "--reporter=json",
        `--outputFile.json=${file}`,
      ],
      timeoutMs,
      cwd: root,
      env: { ...toolchain.env, ...env },
    });
    keepResult(reports, stage, vitestResults(file, name));
    finish(stage);
  }

  async function agentTests() {
    let json = "";
    const stage = await runStage({
      name: "agent (go test)",
      command: "go",
      args: ["test", "-json", "./..."],
      timeoutMs: 8 * minutes,
      cwd: join(root, "packages/agent"),
      env: { ...process.env },
      onStdout: (chunk) => (json += chunk),
    });
    keepResult(reports, stage, goResults(json));
    finish(stage);
  }
}

function finish(stage) {
  if (stage.interrupted) process.exit(130);
  if (!stage.ok) process.exitCode = 1;
}

function hasGo() {
  return spawnSync("go", ["version"], { stdio: "ignore" }).status === 0;
}

function testEngines() {
  return process.env.LLM_SANDBOX_TEST_ENGINES?.split(",").map((entry) => {
    const [, name, address] = /^(?:([\w-]+)=)?(.*)$/s.exec(entry.trim());
    return { name: name ?? address, env: { DOCKER_HOST: address, LLM_SANDBOX_TEST_ENGINES: address } };
  });
}

try {
  await main();
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
