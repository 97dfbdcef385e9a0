import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { javascript } from "./javascript/index.ts";
import { python } from "./python/index.ts";
import { typescript } from "./typescript/index.ts";

const images = join(import.meta.dirname, "../../../../images");

test("the libraries that are told of Python are those of its image", async () => {
  const text = await readFile(join(images, "python/requirements.txt"), "utf8");
  const installed = [...text.matchAll(/^([\w-]+)==/gm)]
    .map(([, name]) => name)
    .filter((name) => name !== "pip");
  expect(python.libraries!.toSorted()).toEqual(installed.toSorted());
});

test("the libraries that are told of JavaScript are in its image", async () => {
  const text = await readFile(join(images, "javascript/Dockerfile"), "utf8");
  for (const name of javascript.libraries!) expect(text).toMatch(new RegExp(`\\b${name}@\\d`));
  expect(typescript.libraries).toEqual(javascript.libraries);
});
