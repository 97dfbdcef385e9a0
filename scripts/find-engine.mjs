import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { spawnSync } from "node:child_process";
import { root } from "./prepare.mjs";

/** `[{ name, env }]` of the engine that core finds by itself, or `[]`. */
export async function findEngine(toolchain) {
  const docker = pathToFileURL(join(root, "packages/core/dist/docker.js"));
  const program = `const { findEngine } = await import(${JSON.stringify(docker)}); const engine = await findEngine(); console.log(engine.kind + " " + engine.version)`;
  const { status, stdout } = spawnSync(toolchain.node, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    timeout: 30_000,
  });
  return status === 0 ? [{ name: stdout.trim(), env: {} }] : [];
}
