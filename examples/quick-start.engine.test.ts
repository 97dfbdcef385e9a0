import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const example = join(import.meta.dirname, "quick-start.ts");

test("the README's quick start is this example", async () => {
  const readme = await readFile(join(import.meta.dirname, "../README.md"), "utf8");
  expect(readme).toContain(await readFile(example, "utf8"));
});

test("the quick start prints what it says", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [example]);
  expect(stdout).toBe("ok 45\n\n");
}, 600_000);
