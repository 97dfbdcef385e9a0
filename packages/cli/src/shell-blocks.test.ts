import { once } from "node:events";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { Blocks, opensBlock } from "./shell-blocks.ts";

function reading(): {
  input: PassThrough;
  blocks: Blocks;
  prompts: boolean[];
  typed: (line: string) => Promise<void>;
} {
  const input = new PassThrough();
  const lines = createInterface({ input });
  const prompts: boolean[] = [];
  const opens = (line: string): boolean => opensBlock("python", line);
  const blocks = new Blocks(lines, { opens, prompt: (goesOn) => prompts.push(goesOn) });
  const typed = async (line: string): Promise<void> => {
    const arrived = once(lines, "line");
    input.write(`${line}\n`);
    await arrived;
  };
  return { input, blocks, prompts, typed };
}

async function all(blocks: Blocks): Promise<string[]> {
  const found: string[] = [];
  for await (const block of blocks) found.push(block);
  return found;
}

test("lines come one by one, and what opens goes on until an empty line or the end", async () => {
  const { input, blocks } = reading();
  input.end("x = 1\ndef f():\n  return x\n\nf()\n\nfor i in range(2):\n  print(i)");
  expect(await all(blocks)).toEqual([
    "x = 1",
    "def f():\n  return x\n",
    "f()",
    "",
    "for i in range(2):\n  print(i)\n",
  ]);
});

test("what was pasted is one block with its empty lines, and ends with the line that is entered after it", async () => {
  const { input, blocks, typed } = reading();
  blocks.paste("begins");
  for (const line of ["class A:", "  x = 1", "", "  y = 2", ""]) await typed(line);
  blocks.paste("ends");
  await typed("A.y");
  await typed("z");
  input.end();
  expect(await all(blocks)).toEqual(["class A:\n  x = 1\n\n  y = 2\n\nA.y\n", "z"]);
});

test("what was discarded is not run", async () => {
  const { input, blocks, typed } = reading();
  for (const line of ["x = 1", "def f():", "  return 2"]) await typed(line);
  blocks.discard();
  await typed("y");
  input.end();
  expect(await all(blocks)).toEqual(["y"]);
});

test("each block is asked for, and each further line of one", async () => {
  const { input, blocks, prompts, typed } = reading();
  const asked = all(blocks);
  await new Promise(setImmediate);
  for (const line of ["if x:", "  y", ""]) await typed(line);
  await new Promise(setImmediate);
  input.end();
  await asked;
  expect(prompts).toEqual([false, true, true, false]);
});

test.each([
  ["python", "def f():", true],
  ["python", "@cache", true],
  ["python", 'text = """', true],
  ["python", 'text = """a"""', false],
  ["python", "!for x in a; do", false],
  ["javascript", "const f = (x) =>", true],
  ["javascript", "f(x)", false],
  ["bash", "for i in 1 2; do", true],
  ["bash", "if true; then", true],
  ["bash", "cat <<END", true],
  ["bash", "echo undo", false],
  ["bash", "echo done:", false],
])("%s %j opens a block: %s", (language, line, expected) => {
  expect(opensBlock(language, line)).toBe(expected);
});
