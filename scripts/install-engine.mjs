import { join } from "node:path";
import { runChild } from "./child.mjs";
import { root } from "./prepare.mjs";
import { say } from "./say.mjs";

/** Installs and starts Docker from Debian's or Ubuntu's own packages, with the image that ours start from. */
export async function installEngine() {
  if (process.platform !== "linux" || process.getuid() !== 0) {
    throw new Error(
      process.platform === "linux"
        ? "--install-engine needs root: sudo npm start -- --install-engine"
        : "--install-engine is for Debian and Ubuntu; here, install Docker Desktop, Colima or Podman.",
    );
  }
  say("installing and starting Docker from the system's own packages, unless an engine answers");
  await engineScript("docker.sh");
  say("fetching the image that all others start from, or making it where no registry answers");
  await engineScript("base-image.sh");
}

async function engineScript(name) {
  const code = await runChild("bash", [join(root, "scripts/engines", name)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (code !== 0) throw new Error(`scripts/engines/${name} failed (${code}).`);
}
