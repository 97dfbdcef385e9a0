// Around `pnpm pack` of core: puts the agent's binaries and the images' folders where the installed package looks for
// them. They stay out of the built folder otherwise, where a stale copy would hide the checkout's own.
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "packages/core/dist");
const agents = ["agent-linux-amd64", "agent-linux-arm64"];

for (const name of ["agent", "images"]) rmSync(join(dist, name), { recursive: true, force: true });

if (process.argv[2] === "add") {
  mkdirSync(join(dist, "agent"), { recursive: true });
  for (const name of agents) {
    const binary = join(root, "packages/agent/dist", name);
    if (!existsSync(binary))
      throw new Error(`${binary} is not built: pnpm --filter @llm-sandbox/agent build`);
    cpSync(binary, join(dist, "agent", name));
  }
  cpSync(join(root, "images"), join(dist, "images"), {
    recursive: true,
    filter: (path) => basename(path) !== "build.sh",
  });
}
