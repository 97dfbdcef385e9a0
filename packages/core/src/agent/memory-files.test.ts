import { expect, test } from "vitest";
import { MemoryFileError, MemoryFiles } from "./memory-files.ts";

const tree = (maxBytes = 1_000, maxEntries = 10): MemoryFiles =>
  new MemoryFiles({ workspace: "/workspace", maxBytes, maxEntries });

const code = (act: () => unknown): string => {
  try {
    act();
    return "done";
  } catch (error) {
    if (error instanceof MemoryFileError) return error.code;
    throw error;
  }
};

test("bytes are bounded, and come back when files are removed or replaced", () => {
  const files = tree();
  files.write("a", Buffer.alloc(600));
  expect(code(() => files.write("b", Buffer.alloc(600)))).toBe("ENOSPC");
  files.write("a", Buffer.alloc(900));
  files.remove("a");
  files.write("b", Buffer.alloc(1_000));
  expect(files.list().map((entry) => entry.path)).toEqual(["b"]);
});

test("entries are bounded, with the folders made on the way", () => {
  const files = tree(1_000, 4);
  files.write("a/b/c", "x");
  files.makeFolder("d");
  expect(code(() => files.write("e", "x"))).toBe("ENOSPC");
  expect(files.remove("a", true)).toBe(3);
  files.write("e", "x");
});

test("links are kept and never followed", () => {
  const files = tree();
  files.write("real/file", "x");
  files.link("link", "real");
  expect(files.node("link")).toMatchObject({ type: "symlink", target: "real" });
  expect(code(() => files.read("link/file"))).toBe("EESCAPE");
  expect(code(() => files.write("link/new", "x"))).toBe("EESCAPE");
  expect(code(() => files.read("link"))).toBe("ELOOP");
});

test("a rename replaces files, moves folders, and never into themselves", () => {
  const files = tree();
  files.write("a/x", "1");
  files.write("b", "2");
  files.rename("a/x", "b");
  expect(files.read("b").toString()).toBe("1");
  files.rename("a", "c");
  expect(code(() => files.rename("c", "c/d"))).toBe("EINVAL");
  expect(code(() => files.rename("c", "b"))).toBe("ENOTDIR");
  expect(code(() => files.rename("b", "c"))).toBe("EISDIR");
  expect(code(() => files.rename("none", "d"))).toBe("ENOENT");
  files.rename("c", "c");
});

test("only the workspace and /tmp can be written, and paths do not climb", () => {
  const files = tree();
  files.write("/tmp/x", "x");
  expect(code(() => files.write("/etc/x", "x"))).toBe("EACCES");
  expect(code(() => files.remove("/workspace"))).toBe("EACCES");
  expect(code(() => files.read("../etc/x"))).toBe("EESCAPE");
  expect(code(() => files.read("/etc/x"))).toBe("ENOENT");
  expect(files.makeFolder("/workspace")).toBe(false);
});

test("the targets of links are counted, and no longer than a path may be", () => {
  const files = new MemoryFiles({ workspace: "/workspace", maxBytes: 10_000, maxEntries: 100 });
  expect(() => files.link("/workspace/long", "x".repeat(5_000))).toThrow(/too long/);
  files.link("/workspace/a", "x".repeat(4_000));
  files.link("/workspace/b", "x".repeat(4_000));
  expect(() => files.link("/workspace/c", "x".repeat(4_000))).toThrow(/no space/);
  files.remove("/workspace/a");
  files.link("/workspace/c", "x".repeat(4_000));
});
