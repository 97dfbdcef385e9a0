// `npm start`: makes everything ready, then hands its arguments to the command line of packages/cli.
import { join } from "node:path";
import { runChild } from "./child.mjs";
import { installEngine } from "./install-engine.mjs";
import { prepare, root } from "./prepare.mjs";
import { say } from "./say.mjs";
import { ensureToolchain } from "./toolchain.mjs";

try {
  const args = process.argv.slice(2);
  const flag = args.indexOf("--install-engine");
  if (flag === 0) {
    args.shift();
    await installEngine();
  }
  const toolchain = ensureToolchain({ say });
  await prepare(toolchain, ["core", "cli"]);
  process.exitCode = await runChild(toolchain.node, [join(root, "packages/cli/dist/main.js"), ...args], {
    // npm runs scripts in the workspace's folder; file names are meant from where the person is.
    cwd: process.env.INIT_CWD || process.cwd(),
    env: { ...process.env, LLM_SANDBOX_COMMAND: "npm start --" },
  });
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
