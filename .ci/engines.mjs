import { existsSync, readFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "../scripts/prepare.mjs";
import { cacheFolder } from "../scripts/toolchain.mjs";

const folder = join(root, "scripts/engines");
const minutes = 60_000;
const known = [
  { name: "docker", script: "docker.sh" },
  { name: "podman", script: "podman.sh" },
  { name: "modern-docker", script: "modern.sh", args: ["docker"] },
  { name: "modern-podman", script: "modern.sh", args: ["podman"] },
];
/** What is tested unless `CI_ENGINES` says otherwise: the engines whose whole pass has been seen. */
const byDefault = ["docker", "podman", "modern-docker"];
/** Made from packages of a newer Debian: where those cannot be fetched, the others are still tested. */
const optional = new Set(["modern-docker", "modern-podman"]);
/** Started here; the last one first. */
const ours = [];

/**
 * Starts the engines of `byDefault`, or those that `CI_ENGINES` names, and gives each the base image.
 * Returns `[{ name, address }]` of those that answer; one that does not is kept as a failure, or left out if it is optional.
 */
export async function startEngines(stage, keepFailure) {
  const wanted = process.env.CI_ENGINES?.split(/[\s,]+/) ?? byDefault;
  const engines = [];
  for (const { name, script, args = [] } of known.filter((engine) => wanted.includes(engine.name))) {
    const before = processOf(name);
    let output = "";
    const started = await stage(`start ${name}`, 6 * minutes, "bash", [join(folder, script), ...args], {
      onStdout: (chunk) => (output += chunk),
    });
    if (processOf(name) !== before) ours.unshift(name);
    const address = output.trim();
    const ready = started.ok
      ? await stage(`base image for ${name}`, 4 * minutes, "bash", [join(folder, "base-image.sh"), address])
      : started;
    if (ready.ok) engines.push({ name, address });
    else if (optional.has(name)) console.log(`LEFT OUT: ${name}, which could not be made ready here.`);
    else keepFailure(ready);
  }
  return engines;
}

/** Ends the engines that were not there before. */
export function stopEngines() {
  if (ours.length === 0) return;
  spawnSync("bash", [join(folder, "stop.sh"), ...ours], { stdio: "inherit", timeout: 90_000 });
}

function processOf(name) {
  const path = join(cacheFolder(), "engines", `${name}.pid`);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
