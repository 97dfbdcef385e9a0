// Finds or fetches Node and pnpm, installs, and builds what has changed.
import { prepare } from "./prepare.mjs";
import { say } from "./say.mjs";
import { ensureToolchain } from "./toolchain.mjs";

try {
  await prepare(ensureToolchain({ say }));
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
