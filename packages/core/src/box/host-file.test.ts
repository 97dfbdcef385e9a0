import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { hostFile } from "./host-file.ts";

const folder = await mkdtemp(join(tmpdir(), "llm-sandbox-host-file-"));
afterAll(() => rm(folder, { recursive: true }));

test.for([0, 1, 262_144, 262_145, 1_000_003])("a file of %i bytes comes whole", async (bytes) => {
  const path = join(folder, "file");
  const content = randomBytes(bytes);
  await writeFile(path, content);
  const pieces: Buffer[] = [];
  for await (const piece of hostFile(path)) pieces.push(Buffer.from(piece));
  expect(Buffer.concat(pieces).equals(content)).toBe(true);
});

test.runIf(process.platform === "linux")("a reader that leaves early leaves no file open", async () => {
  const path = join(folder, "left");
  await writeFile(path, Buffer.alloc(2_000_000));
  const before = (await readdir("/proc/self/fd")).length;
  for (let time = 0; time < 10; time += 1) {
    for await (const piece of hostFile(path)) {
      expect(piece.length).toBe(262_144);
      break;
    }
  }
  expect((await readdir("/proc/self/fd")).length).toBeLessThan(before + 5);
});

test("a file that is not there is the reader's error", async () => {
  const read = async (): Promise<void> => {
    for await (const piece of hostFile(join(folder, "none"))) expect(piece).toBeUndefined();
  };
  await expect(read()).rejects.toThrow("ENOENT");
});
