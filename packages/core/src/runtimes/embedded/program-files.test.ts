import { expect, test } from "vitest";
import { MemoryFileError, MemoryFiles } from "../../agent/memory-files.ts";
import { ProgramFiles } from "./program-files.ts";

function tree(maxBytes = 1_000): { readonly tree: MemoryFiles; readonly files: ProgramFiles } {
  const all = new MemoryFiles({ workspace: "/workspace", maxBytes, maxEntries: 20 });
  return { tree: all, files: new ProgramFiles(all, 4) };
}

const code = (act: () => unknown): string => {
  try {
    act();
    return "done";
  } catch (error) {
    if (error instanceof MemoryFileError) return error.code;
    throw error;
  }
};
const create = { write: true, create: true } as const;

test("what a program writes at once is seen by everybody, and bytes are bounded", () => {
  const { tree: all, files } = tree();
  const handle = files.open("/workspace/a", create);
  expect(files.write(handle, 0, Buffer.from("hello"))).toBe(5);
  files.write(handle, 10, Buffer.from("!"));
  expect(all.read("a").toString("latin1")).toBe("hello\0\0\0\0\0!");
  expect(code(() => files.write(handle, 990, Buffer.alloc(20)))).toBe("ENOSPC");
  files.resize(handle, 2);
  expect(all.read("a").toString()).toBe("he");
  files.resize(handle, 4);
  expect(all.read("a").toString("latin1")).toBe("he\0\0");
});

test("bytes that are not counted any more are not held either", () => {
  const { tree: all, files } = tree(1_000_000);
  const handle = files.open("/workspace/a", create);
  files.resize(handle, 900_000);
  files.resize(handle, 10);
  expect(all.read("a").buffer.byteLength).toBeLessThan(20_000);
  expect(all.freeBytes).toBe(999_990);
});

test("no path is longer than on Linux, nor made so by links and moves", () => {
  const { files } = tree(100_000);
  expect(code(() => files.stat(`/${"tmp/../".repeat(100_000)}`))).toBe("ENAMETOOLONG");
  const long = "a".repeat(250);
  files.makeFolder(`/tmp/${long}`);
  for (let level = 2; level <= 15; level += 1) files.makeFolder(`/tmp/${`${long}/`.repeat(level)}`);
  files.link(`/tmp/${`${long}/`.repeat(15)}`, "/workspace/link");
  expect(code(() => files.makeFolder(`/workspace/link/${long}`))).toBe("done");
  expect(code(() => files.makeFolder(`/workspace/link/${long}/${long}`))).toBe("ENAMETOOLONG");
  expect(code(() => files.open(`/workspace/link/${long}/${long}`, create))).toBe("ENAMETOOLONG");
  files.makeFolder("/workspace/folder");
  expect(code(() => files.rename(`/tmp/${long}`, `/workspace/folder/${long}`))).toBe("done");
  files.makeFolder(`/workspace/${long}`);
  expect(code(() => files.rename("/workspace/folder", `/workspace/${long}/folder`))).toBe("ENAMETOOLONG");
  expect(files.stat("/workspace/folder").type).toBe("directory");
});

test("appending goes to the end, whoever has written meanwhile", () => {
  const { tree: all, files } = tree();
  const one = files.open("/workspace/log", { ...create, append: true });
  const two = files.open("/workspace/log", { ...create, append: true });
  files.write(one, 0, Buffer.from("a"));
  files.write(two, 0, Buffer.from("b"));
  files.write(one, 0, Buffer.from("c"));
  expect(all.read("log").toString()).toBe("abc");
});

test("a removed file lives and counts until it is closed", () => {
  const { tree: all, files } = tree();
  const handle = files.open("/tmp/x", create);
  files.write(handle, 0, Buffer.alloc(600, 1));
  files.removeFile("/tmp/x");
  expect(files.read(handle, 0, 10).length).toBe(10);
  expect(code(() => all.write("b", Buffer.alloc(600)))).toBe("ENOSPC");
  files.closeAll();
  all.write("b", Buffer.alloc(600));
});

test("a file that is replaced while it is open counts until it is closed", () => {
  const { tree: all, files } = tree();
  const handle = files.open("/workspace/x", create);
  files.write(handle, 0, Buffer.alloc(600, 1));
  all.write("y", Buffer.alloc(100));
  files.rename("/workspace/y", "/workspace/x");
  expect(code(() => all.write("z", Buffer.alloc(600)))).toBe("ENOSPC");
  files.close(handle);
  all.write("z", Buffer.alloc(600));
});

test("links are followed inside the tree, never round for ever and never out of it", () => {
  const { files } = tree();
  files.makeFolder("/workspace/real");
  files.link("real", "/workspace/link");
  files.write(files.open("/workspace/link/a", create), 0, Buffer.from("x"));
  expect(files.stat("/workspace/real/a").size).toBe(1);
  expect(files.realPath("/workspace/link/../link/a")).toBe("/workspace/real/a");
  files.link("../../../../etc/passwd", "/workspace/out");
  expect(code(() => files.stat("/workspace/out"))).toBe("ENOENT");
  files.link("loop", "/workspace/loop");
  expect(code(() => files.stat("/workspace/loop"))).toBe("ELOOP");
  expect(code(() => files.open("/workspace/out", { ...create, exclusive: true }))).toBe("EEXIST");
});

test("nothing can be written elsewhere, also through links", () => {
  const { files } = tree();
  expect(code(() => files.open("/etc/x", create))).toBe("ENOENT");
  expect(code(() => files.makeFolder("/x"))).toBe("EACCES");
  expect(code(() => files.removeFolder("/workspace"))).toBe("EACCES");
  expect(code(() => files.rename("/workspace", "/tmp/w"))).toBe("EACCES");
  files.link("/", "/workspace/root");
  expect(code(() => files.makeFolder("/workspace/root/x"))).toBe("EACCES");
});

test("handles are few, and only its own", () => {
  const { files } = tree();
  for (let count = 0; count < 4; count += 1) files.open(`/tmp/${count}`, create);
  expect(code(() => files.open("/tmp/5", create))).toBe("EMFILE");
  expect(code(() => files.read(99, 0, 1))).toBe("EBADF");
  expect(code(() => files.read(1, -1, 1))).toBe("EINVAL");
  expect(code(() => files.read(1, 0, Number.NaN))).toBe("EINVAL");
  const reader = (files.close(1), files.open("/tmp/0", {}));
  expect(code(() => files.write(reader, 0, Buffer.from("x")))).toBe("EBADF");
});
