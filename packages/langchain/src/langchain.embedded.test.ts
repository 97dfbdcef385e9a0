import { embedded } from "@llm-sandbox/core/embedded";
import { expect, test } from "vitest";
import { DeepAgentsSandbox } from "./deepagents/index.ts";
import { createSandboxTool } from "./index.ts";

test("the tool on the embedded runtime", async () => {
  await using tool = createSandboxTool({ runtime: embedded(), keepState: true });
  expect(await tool.invoke({ code: "x = 20\nx + 1" })).toBe("value: 21");
  expect(await tool.invoke({ code: "print(x * 2)" })).toBe("40");
  expect(await tool.invoke({ code: "1 / 0" })).toMatch(/ZeroDivisionError: division by zero/);
});

test("a deepagents backend on the embedded runtime, whose find and grep know little", async () => {
  await using sandbox = new DeepAgentsSandbox({ runtime: embedded(), lang: "bash" });
  const root = "/workspace/tree";
  expect(await sandbox.execute("echo hello; exit 3")).toMatchObject({ output: "hello\n", exitCode: 3 });
  await sandbox.uploadFiles([
    [`${root}/a.py`, Buffer.from("import os\nneedle = 'a:b'\n")],
    [`${root}/sub folder/b.py`, Buffer.from("needle\n")],
    [`${root}/sub folder/c.txt`, Buffer.from("needle\n")],
    [`${root}/sub folder/d.bin`, Buffer.from("needle\0\n")],
  ]);
  const paths = ({ files }: { files?: { path: string }[] }): string[] => files!.map(({ path }) => path);
  expect(paths(await sandbox.ls(root))).toEqual([`${root}/a.py`, `${root}/sub folder/`]);
  expect(await sandbox.ls(`${root}/none`)).toEqual({ files: [] });
  expect(paths(await sandbox.glob("**/*.py", root))).toEqual(["a.py", "sub folder/b.py"]);
  expect(paths(await sandbox.glob("*.p?", root))).toEqual(["a.py"]);
  expect(paths(await sandbox.glob("sub*/[bd].{py,bin}", root))).toEqual([]);
  expect(paths(await sandbox.glob("[z-a]", root))).toEqual([]);
  expect((await sandbox.grep("needle", root, "*.py")).matches).toEqual([
    { path: `${root}/a.py`, line: 2, text: "needle = 'a:b'" },
    { path: `${root}/sub folder/b.py`, line: 1, text: "needle" },
  ]);
  expect((await sandbox.grep("needle", root)).matches).toHaveLength(3);
  expect(await sandbox.grep("needle", root, null, 1)).toMatchObject({ truncated: true });
  expect((await sandbox.grep("needle", `${root}/a.py`)).matches).toHaveLength(1);
  expect((await sandbox.grep("n.*", root)).matches).toEqual([]);
  expect(
    paths(await sandbox.glob("**/*.py", "/")).filter((path) => path.startsWith("workspace/tree")),
  ).toEqual(["workspace/tree/a.py", "workspace/tree/sub folder/b.py"]);
  expect(paths(await sandbox.glob("tree/*.py"))).toEqual(["/workspace/tree/a.py"]);
  expect(paths(await sandbox.glob("**/*.conf", "/"))).toEqual([]);
  const everywhere = await sandbox.grep("needle", "/", "*.py");
  expect(everywhere.matches!.map(({ path }) => path).sort()).toEqual([
    "/workspace/tree/a.py",
    "/workspace/tree/sub folder/b.py",
  ]);
  expect(await sandbox.grep("needle", "/", null, 1)).toMatchObject({ matches: [{}], truncated: true });
  expect((await sandbox.grep("root", "/")).matches).toEqual([]);
  expect(await sandbox.read(`${root}/a.py`, 1, 1)).toMatchObject({ startLine: 2, endLine: 2, totalLines: 2 });
  expect(await sandbox.edit(`${root}/a.py`, "os", "re")).toMatchObject({ occurrences: 1 });
  expect((await sandbox.execute(`cat ${root}/a.py`)).output).toContain("import re\n");
  const saved = "/large_tool_results/a.txt";
  expect(await sandbox.write(saved, "one\nneedle two\n")).toMatchObject({ path: saved });
  expect(await sandbox.read(saved, 1, 1)).toMatchObject({ startLine: 2, totalLines: 2 });
  expect((await sandbox.grep("needle two")).matches).toEqual([{ path: saved, line: 2, text: "needle two" }]);
  expect(paths(await sandbox.ls("/large_tool_results"))).toEqual([saved]);
  expect(paths(await sandbox.glob("large_tool_results/*", "/"))).toEqual([saved.slice(1)]);
  expect(await sandbox.delete(`${root}/sub folder`)).toMatchObject({ path: `${root}/sub folder` });
  expect(paths(await sandbox.ls(root))).toEqual([`${root}/a.py`]);
});
