import { mkdir, mkdtemp, readFile, readdir, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import type { Header } from "tar-stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { SkippedEntry } from "./copy-limits.ts";
import { unpackHostile } from "./unpack-hostile.ts";

let outside: string;
let folder: string;

beforeEach(async () => {
  outside = await mkdtemp(join(tmpdir(), "llm-sandbox-unpack-"));
  folder = join(outside, "target");
  await mkdir(folder);
  await writeFile(join(outside, "secret"), "untouched");
});

afterEach(async () => {
  await rm(outside, { recursive: true, force: true });
});

type Entry = Partial<Header> & { readonly name: string; readonly content?: string | Buffer };

async function tar(...entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content = "", ...header } of entries) archive.entry(header, content);
  archive.finalize();
  return buffer(archive as unknown as Readable);
}

const limits = { maxBytes: 1_000_000, maxEntries: 100 };

async function unpack(archive: Buffer, more = limits): Promise<readonly SkippedEntry[]> {
  return unpackHostile(Readable.from([archive]), folder, more);
}

/** Everything outside of the target is as it was. */
async function nothingOutside(): Promise<void> {
  expect((await readdir(outside)).toSorted()).toEqual(["secret", "target"]);
  expect(await readFile(join(outside, "secret"), "utf8")).toBe("untouched");
}

test("an archive that breaks off leaves no part of a file, and the one that was there as it was", async () => {
  await writeFile(join(folder, "old"), "kept");
  for (const name of ["old", "new"]) {
    const whole = await tar({ name, content: Buffer.alloc(200_000) });
    const broken = Readable.from([whole.subarray(0, 60_000), whole.subarray(60_000, 100_000)]);
    await expect(unpackHostile(broken, folder, limits)).rejects.toMatchObject({ code: "ARCHIVE_REJECTED" });
  }
  expect(await readdir(folder)).toEqual(["old"]);
  expect(await readFile(join(folder, "old"), "utf8")).toBe("kept");
});

test("files, folders and inner links are made, with harmless modes", async () => {
  await unpack(
    await tar(
      { name: "./", type: "directory" },
      { name: "a/b/", type: "directory" },
      { name: "a/b/file.txt", content: "hello", mode: 0o6777 },
      { name: "deep/in/here.txt", content: "x" },
      { name: "a/link", type: "symlink", linkname: "b/file.txt" },
      { name: "a/b/up", type: "symlink", linkname: "../../deep" },
      { name: "a/b/dangling", type: "symlink", linkname: "nowhere" },
    ),
  );
  expect(await readFile(join(folder, "a/link"), "utf8")).toBe("hello");
  expect(await readFile(join(folder, "a/b/up/in/here.txt"), "utf8")).toBe("x");
  expect(await readlink(join(folder, "a/b/dangling"))).toBe("nowhere");
  expect((await stat(join(folder, "a/b/file.txt"))).mode & 0o7777).toBe(0o755);
  await nothingOutside();
});

const rejectedArchives: Readonly<Record<string, readonly Entry[]>> = {
  "a name that climbs": [{ name: "../secret", content: "gone" }],
  "a name that climbs late": [{ name: "a/../../secret", content: "gone" }],
  "a folder that climbs": [{ name: "a/..", type: "directory" }],
  "an absolute name": [{ name: "/tmp/llm-sandbox-absolute", content: "gone" }],
  "a name with NUL": [{ name: "a", pax: { path: "a\0b" }, content: "x" }],
  "a link through a link": [
    { name: "real/", type: "directory" },
    { name: "link", type: "symlink", linkname: "real" },
    { name: "link/inner", type: "symlink", linkname: "../real" },
  ],
  "a name that no system opens": [{ name: "deep/".repeat(1_000), type: "directory" }],
  "a hard link": [{ name: "hard", type: "link", linkname: "../secret" }],
  "a character device": [{ name: "device", type: "character-device", devmajor: 1, devminor: 3 }],
  "a block device": [{ name: "device", type: "block-device", devmajor: 8, devminor: 0 }],
  "a FIFO": [{ name: "pipe", type: "fifo" }],
  "a file where a folder is": [
    { name: "a/b", content: "x" },
    { name: "a", content: "x" },
  ],
  "a link where a folder is": [
    { name: "a/b", content: "x" },
    { name: "a", type: "symlink", linkname: "elsewhere" },
  ],
  "a folder where a file is": [
    { name: "a", content: "x" },
    { name: "a/b", content: "x" },
  ],
  "a file in the place of the whole folder": [{ name: ".", content: "x" }],
};

test.each(Object.entries(rejectedArchives))("%s is rejected", async (_name, entries) => {
  const archive = await tar(...entries);
  await expect(unpack(archive)).rejects.toMatchObject({ code: "ARCHIVE_REJECTED" });
  await nothingOutside();
});

const leavingLinks: Readonly<Record<string, readonly Entry[]>> = {
  "an absolute link": [{ name: "link", type: "symlink", linkname: "/etc/passwd" }],
  "a link that climbs": [{ name: "link", type: "symlink", linkname: "../secret" }],
  "a link to the folder above": [{ name: "link", type: "symlink", linkname: ".." }],
  "a link that climbs late": [{ name: "link", type: "symlink", linkname: "a/../../secret" }],
  "a link that climbs out of another link": [
    { name: "deep/er/", type: "directory" },
    { name: "inner", type: "symlink", linkname: "deep/er" },
    { name: "link", type: "symlink", linkname: "inner/../../.." },
  ],
  "a link that climbs out of another link, though its path looks as if it stayed": [
    { name: "a/b/", type: "directory" },
    { name: "a/b/root", type: "symlink", linkname: "../.." },
    { name: "link", type: "symlink", linkname: "a/b/root/../secret" },
  ],
  "a link without a target": [{ name: "link", type: "symlink", linkname: "" }],
  "a link, then a file through it": [
    { name: "link", type: "symlink", linkname: ".." },
    { name: "link/secret", content: "gone" },
  ],
  "a target that no system opens": [{ name: "a", type: "symlink", linkname: "deep/".repeat(1_000) }],
};

test.each(Object.entries(leavingLinks))(
  "%s is left out and told, the rest is copied",
  async (_name, entries) => {
    const skipped = await unpack(await tar(...entries, { name: "rest", content: "copied" }));
    const links = entries.filter(({ type }) => type === "symlink").map(({ name }) => name);
    expect(skipped.length).toBeGreaterThan(0);
    for (const { path, reason } of skipped) {
      expect(links).toContain(path);
      expect(reason).toMatch(/^is a link/);
      await expect(readlink(join(folder, path))).rejects.toThrow(/ENOENT|ENOTDIR|EINVAL/);
    }
    expect(await readFile(join(folder, "rest"), "utf8")).toBe("copied");
    await nothingOutside();
  },
);

test("a link is made last, so that a later file of its name and below it stays inside", async () => {
  const archive = await tar(
    { name: "x", type: "symlink", linkname: "inside" },
    { name: "x/file", content: "kept" },
  );
  await expect(unpack(archive)).rejects.toMatchObject({ code: "ARCHIVE_REJECTED" });
  expect(await readFile(join(folder, "x/file"), "utf8")).toBe("kept");
});

test("a link that is there already is never written through", async () => {
  await symlink(outside, join(folder, "link"));
  const through = await tar({ name: "link/secret", content: "gone" });
  await expect(unpack(through)).rejects.toMatchObject({ code: "ARCHIVE_REJECTED" });
  await symlink(join(outside, "secret"), join(folder, "leaf"));
  await unpack(await tar({ name: "leaf", content: "new" }));
  expect(await readFile(join(folder, "leaf"), "utf8")).toBe("new");
  await nothingOutside();
});

test("of a name that comes twice the last counts, and a file that was there is replaced", async () => {
  await writeFile(join(folder, "a"), "old");
  await unpack(await tar({ name: "a", content: "first" }, { name: "a", content: "second" }));
  expect(await readFile(join(folder, "a"), "utf8")).toBe("second");
});

test("too many bytes and too many entries are refused before they are written", async () => {
  const large = await tar({ name: "a", content: "x".repeat(600) }, { name: "b", content: "x".repeat(600) });
  await expect(unpack(large, { maxBytes: 1_000, maxEntries: 10 })).rejects.toMatchObject({
    code: "FILE_TOO_LARGE",
  });
  expect(await readdir(folder)).toEqual(["a"]);
  const many = await tar(...Array.from({ length: 11 }, (_, at) => ({ name: `f${at}` })));
  await expect(unpack(many, { maxBytes: 1_000, maxEntries: 10 })).rejects.toMatchObject({
    code: "FILE_TOO_LARGE",
  });
});

test("a size that is said to be negative, huge or no number never passes the limit", async () => {
  for (const size of ["-1000000", "99999999999999999999", "nonsense", "1e3"]) {
    const archive = await tar({ name: "a", pax: { size }, content: "x".repeat(600) });
    await expect(unpack(archive, { maxBytes: 500, maxEntries: 10 })).rejects.toMatchObject({
      code: expect.stringMatching(/ARCHIVE_REJECTED|FILE_TOO_LARGE/),
    });
  }
  await nothingOutside();
});

test("an extended header that would fill the memory is refused", async () => {
  const archive = await tar({ name: "x".repeat(5 * 1_048_576), content: "x" });
  await expect(unpack(archive)).rejects.toMatchObject({ code: "ARCHIVE_REJECTED" });
});

test("an archive that is cut anywhere, or no archive at all, is rejected and ends", async () => {
  const whole = await tar({ name: "a", content: "x".repeat(1_000) }, { name: "b", content: "y" });
  for (const length of [1, 100, 511, 513, 1_000, 1_535, 1_537]) {
    await expect(unpack(whole.subarray(0, length))).rejects.toMatchObject({ code: "ARCHIVE_REJECTED" });
  }
  await expect(unpack(Buffer.alloc(2_048, "no archive "))).rejects.toMatchObject({
    code: "ARCHIVE_REJECTED",
  });
  const garbled = Buffer.from(whole);
  garbled[140] = garbled[140]! ^ 1;
  await expect(unpack(garbled)).rejects.toMatchObject({ code: "ARCHIVE_REJECTED" });
});

test("the error of a source that breaks comes out as it is", async () => {
  const cause = new Error("box lost");
  const archive = await tar({ name: "a", content: "x".repeat(100_000) });
  const source = Readable.from(
    (async function* () {
      yield archive.subarray(0, 50_000);
      throw cause;
    })(),
  );
  await expect(unpackHostile(source, folder, limits)).rejects.toBe(cause);
});

test("a folder of this machine that cannot be written is a typed error", async () => {
  const archive = await tar({ name: `${"x".repeat(300)}`, content: "x" });
  await expect(unpack(archive)).rejects.toMatchObject({ name: "SandboxError", code: "FILE_ERROR" });
});
