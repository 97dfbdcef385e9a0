import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { withTemporaryFolder } from "./temporary-folder.ts";

test("the folder is there for the work, and gone after it, also when it fails", async () => {
  const folder = await withTemporaryFolder("test", async (path) => {
    expect(existsSync(path)).toBe(true);
    return path;
  });
  expect(existsSync(folder)).toBe(false);
  let failed = "";
  const failing = withTemporaryFolder("test", async (path) => {
    failed = path;
    throw new Error("broken");
  });
  await expect(failing).rejects.toThrow("broken");
  expect(existsSync(failed)).toBe(false);
});

test("a program that exits in the middle leaves nothing, and what a killed one left is removed by the next", async () => {
  const module = join(import.meta.dirname, "temporary-folder.ts");
  const program = `
    const { withTemporaryFolder } = await import(${JSON.stringify(module)});
    await withTemporaryFolder("test", async (folder) => { console.log(folder); process.exit(); });`;
  const ended = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  const folder = ended.stdout.trim();
  expect(dirname(folder)).toBe(tmpdir());
  expect(existsSync(folder)).toBe(false);

  const killed = mkdtempSync(join(tmpdir(), basename(folder).replace(/-\w+$/, "-")));
  await withTemporaryFolder("test", async () => {});
  expect(existsSync(killed)).toBe(false);
});
