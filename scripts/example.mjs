// `npm run example [NAME]`: makes everything ready, then runs a program of examples/; without a name it says which there are.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { runChild } from "./child.mjs";
import { prepare, root } from "./prepare.mjs";
import { say } from "./say.mjs";
import { ensureToolchain } from "./toolchain.mjs";

const folder = join(root, "examples");
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".ts") && !file.includes(".test."))
  .map((file) => file.slice(0, -3));
const [name, ...args] = process.argv.slice(2);

try {
  if (!names.includes(name)) {
    say(
      `${name === undefined ? "Which one?" : `There is no example "${name}".`} npm run example ${names.join(" | ")}`,
    );
    process.exitCode = 2;
  } else {
    const toolchain = ensureToolchain({ say });
    await prepare(toolchain);
    process.exitCode = await runChild(toolchain.node, [join(folder, `${name}.ts`), ...args], { cwd: folder });
  }
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
