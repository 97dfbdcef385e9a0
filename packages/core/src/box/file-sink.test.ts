import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { FileSink } from "./file-sink.ts";

const folder = await mkdtemp(join(tmpdir(), "llm-sandbox-file-sink-"));
afterAll(() => rm(folder, { recursive: true }));

const neverFails = (error: unknown): void => {
  throw error;
};

test.for([
  ["nothing", 0, 1_000],
  ["a few bytes", 10, 3],
  ["exactly one block", 1_048_576, 65_536],
  ["pieces that cross the blocks", 5_000_003, 65_521],
  ["a piece larger than the blocks", 5_000_003, 5_000_003],
] as const)("%s is written whole, from memory that is overwritten at once", async ([, bytes, pieceBytes]) => {
  const path = join(folder, `file-${bytes}-${pieceBytes}`);
  const content = randomBytes(bytes);
  const sink = await FileSink.create(path, neverFails);
  const piece = Buffer.alloc(pieceBytes);
  for (let at = 0; at < bytes; at += pieceBytes) {
    const size = content.copy(piece, 0, at, at + pieceBytes);
    const more = sink.take(piece.subarray(0, size));
    piece.fill(0);
    await more;
  }
  await sink.end();
  await sink.close();
  expect((await readFile(path)).equals(content)).toBe(true);
});

test("a name that is taken is refused, and what has it is left alone", async () => {
  const path = join(folder, "taken");
  await writeFile(path, "before");
  await expect(FileSink.create(path, neverFails)).rejects.toThrow("EEXIST");
  expect(await readFile(path, "utf8")).toBe("before");
});

test.runIf(process.platform === "linux")("a full disk is told once, and nobody waits for it", async () => {
  const failures: unknown[] = [];
  const sink = await FileSink.create(join(folder, "file"), (error) => failures.push(error));
  // Every later write fails as on a disk that is gone.
  await sink.close();
  for (let time = 0; time < 50; time += 1) await sink.take(Buffer.alloc(100_000));
  await sink.end();
  expect(failures).toHaveLength(1);
});
