import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withLock } from "./lock.mjs";

let folder;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "lock-test-"))));
afterEach(() => rmSync(folder, { recursive: true }));

test("lets one in at a time", async () => {
  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inside -= 1;
  };
  await Promise.all([1, 2, 3, 4].map(() => withLock(join(folder, "a"), work)));
  expect(most).toBe(1);
  expect(existsSync(join(folder, "a"))).toBe(false);
});

test("opens again after a failure", async () => {
  const path = join(folder, "a");
  await expect(withLock(path, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await expect(withLock(path, async () => "yes")).resolves.toBe("yes");
});

test("takes over from a process that is gone", async () => {
  const path = join(folder, "a");
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  writeFileSync(path, String(pid));
  await expect(withLock(path, async () => "yes")).resolves.toBe("yes");
});
