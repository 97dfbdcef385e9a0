import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../scripts/prepare.mjs";

const folder = join(root, "scripts/engines");
const minutes = 60_000;
const known = [
  { name: "docker", script: "docker.sh" },
  { name: "podman", script: "podman.sh" },
  { name: "modern-docker", script: "modern.sh", args: ["docker"] },
  { name: "modern-podman", script: "modern.sh", args: ["podman"] },
].filter(({ script }) => existsSync(join(folder, script)));

/** Starts every engine and gives it the base image; `[ "docker=unix:///…" ]` of those that answer. A failure is kept as one. */
export async function startEngines(stage, keepFailure) {
  const engines = [];
  const wanted = process.env.CI_ENGINES?.split(/[\s,]+/) ?? known.map(({ name }) => name);
  for (const { name, script, args = [] } of known.filter((engine) => wanted.includes(engine.name))) {
    let address = "";
    const started = await stage(`start ${name}`, 6 * minutes, "bash", [join(folder, script), ...args], {
      onStdout: (chunk) => (address += chunk),
    });
    const ready = started.ok
      ? await stage(`base image for ${name}`, 4 * minutes, "bash", [
          join(folder, "base-image.sh"),
          address.trim(),
        ])
      : started;
    if (ready.ok) engines.push(`${name}=${address.trim()}`);
    else keepFailure(ready);
  }
  return engines;
}

/** Ends the engines that this machine's scripts started, by process id. */
export function stopEngines() {
  const script = join(folder, "stop.sh");
  if (!existsSync(script)) return;
  spawnSync("bash", [script], { stdio: "inherit", timeout: 60_000 });
}
