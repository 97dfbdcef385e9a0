import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { childScript } from "./child-script.generated.ts";
import { shellTools } from "./shell-tools.generated.ts";

test("the child's script is the one that its sources make", async () => {
  const script = fileURLToPath(new URL("../../../scripts/embed-child.mjs", import.meta.url));
  await promisify(execFile)(process.execPath, [script, "--check"]);
});

test.each([childScript, shellTools])("no path of a machine is in it", (script) => {
  expect(script).not.toMatch(/\/(tmp|home|root|Users|work)\/[\w-]+\//);
});
