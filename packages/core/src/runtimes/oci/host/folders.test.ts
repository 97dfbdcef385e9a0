import { chmodSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ownFolder } from "./folders.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "llm-sandbox-folders-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const somebody = 1_234_567;
const denied = { code: "PERMISSION_DENIED", remedy: expect.stringContaining("cacheFolder") as string };

describe.skipIf(process.platform === "win32")("a folder of ours", () => {
  it("is made, may be a link of the user's own, and is refused where others may write or a file is", async () => {
    const path = join(folder, "new/inner");
    expect(await ownFolder(path, 0o755)).toBe(path);
    symlinkSync(path, join(folder, "link"));
    expect(await ownFolder(join(folder, "link"), 0o755)).toBe(join(folder, "link"));
    chmodSync(path, 0o775);
    await expect(ownFolder(path, 0o755)).rejects.toMatchObject(denied);
    writeFileSync(join(folder, "file"), "");
    await expect(ownFolder(join(folder, "file/inner"), 0o755)).rejects.toMatchObject(denied);
  });

  it.skipIf(process.getuid?.() !== 0)(
    "is refused where it is somebody else's, or a link of his to a folder of the user's: he may turn it",
    async () => {
      const [own, foreign, link] = ["own", "foreign", "link"].map((name) => join(folder, name));
      mkdirSync(own!);
      mkdirSync(foreign!);
      lchownSync(foreign!, somebody, somebody);
      await expect(ownFolder(foreign!, 0o755)).rejects.toMatchObject(denied);
      symlinkSync(own!, link!);
      lchownSync(link!, somebody, somebody);
      await expect(ownFolder(link!, 0o755)).rejects.toMatchObject(denied);
    },
  );
});
