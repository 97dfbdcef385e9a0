import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const packages = join(import.meta.dirname, "..", "packages");
const readmes = readdirSync(packages)
  .map((name) => [name, readFileSync(join(packages, name, "README.md"), "utf8")])
  .filter(([, text]) => text.includes("npm install "));

test.each(readmes)("%s: every package that a snippet imports is named by an npm install line", (_, text) => {
  const installed = [...text.matchAll(/npm install ([^`\n]*)/g)].flatMap(([, names]) => names.split(/\s+/));
  const snippets = [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code).join("");
  const imported = [...snippets.matchAll(/ from "((?:@[^/"]+\/)?[^/":]+)[/"]/g)].map(([, name]) => name);
  expect(imported.length).toBeGreaterThan(0);
  expect([...new Set(imported)].filter((name) => !installed.includes(name))).toEqual([]);
});
