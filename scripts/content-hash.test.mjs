import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { contentHash } from "./content-hash.mjs";

let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hash-test-"));
  mkdirSync(join(folder, "src/deep"), { recursive: true });
  writeFileSync(join(folder, "src/deep/a.ts"), "one");
});
afterEach(() => rmSync(folder, { recursive: true }));

const hash = () => contentHash(folder, ["src", "absent.json"]);

test("changes with a content, a name and a file that appears", () => {
  const before = hash();
  expect(hash()).toBe(before);
  writeFileSync(join(folder, "src/deep/a.ts"), "two");
  const changed = hash();
  expect(changed).not.toBe(before);
  writeFileSync(join(folder, "absent.json"), "");
  expect(hash()).not.toBe(changed);
});

test("ignores what is installed and built", () => {
  const before = hash();
  mkdirSync(join(folder, "src/node_modules"));
  writeFileSync(join(folder, "src/node_modules/b.ts"), "");
  expect(hash()).toBe(before);
});
