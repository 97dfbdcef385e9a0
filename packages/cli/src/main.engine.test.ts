import type { ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { end, start as startIn } from "./testing/command-under-test.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cli-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

const start = (...args: readonly string[]): ChildProcess => startIn(args, { cwd: folder });

test("runs a file, and hands its output and exit code on", async () => {
  await writeFile(
    join(folder, "script.py"),
    "import sys\nprint(input())\nprint('bad', file=sys.stderr)\nsys.exit(3)\n",
  );
  const result = await end(start("run", "script.py"), "from standard input\n");
  expect(result).toMatchObject({ exitCode: 3, stdout: "from standard input\n" });
  expect(result.stderr).toContain("bad");
});

test("runs code from standard input", async () => {
  expect(await end(start(), "print(6 * 7)")).toMatchObject({ exitCode: 0, stdout: "42\n" });
  expect(await end(start("run", "-", "--lang", "js"), "console.log(6 * 7)")).toMatchObject({
    exitCode: 0,
    stdout: "42\n",
  });
});

test("takes files in and out, and prints the whole result as JSON", async () => {
  await writeFile(join(folder, "in.txt"), "carried in");
  await writeFile(join(folder, "copy.py"), "open('out.txt', 'w').write(open('in.txt').read().upper())\n");
  const result = await end(start("run", "copy.py", "--in", "in.txt", "--out", "out.txt:back.txt", "--json"));
  expect(result.exitCode).toBe(0);
  expect(JSON.parse(result.stdout)).toMatchObject({ status: "ok", language: "python", value: "10" });
  expect(await readFile(join(folder, "back.txt"), "utf8")).toBe("CARRIED IN");
});

test("the shell keeps what was defined, and runs commands of the box", async () => {
  const input = "x = 5\ndef twice(n):\n  return 2 * n\n\ntwice(x)\n!echo from the box\n1/0\nx\n";
  const result = await end(start("shell"), input);
  expect(result).toMatchObject({ exitCode: 0, stdout: "10\nfrom the box\n5\n" });
  expect(result.stderr).toContain("ZeroDivisionError");
});

test("the doctor opens a box in the engine's runtime", async () => {
  const result = await end(start("doctor"));
  expect(result.exitCode).toBe(0);
  expect(result.stdout).toMatch(/^docker [^]*?✓ [^]*?ran print\(6 \* 7\)/);
});

test("shows output as it comes", async () => {
  const child = start("run", "-");
  const first = new Promise<string>((resolve) => child.stdout!.once("data", (data) => resolve(String(data))));
  const result = end(child, "import time\nprint('first', flush=True)\ntime.sleep(2)\nprint('second')\n");
  expect(await first).toBe("first\n");
  expect((await result).exitCode).toBe(0);
});

test("gives a traceback and exit code 1 for an error", async () => {
  const { exitCode, stderr } = await end(start("run", "-"), "x = 1\nx / 0\n");
  expect(exitCode).toBe(1);
  expect(stderr.match(/ZeroDivisionError/g)).toHaveLength(1);
  expect(stderr).toContain("line 2");
});

test("ends a program at its timeout with 124", async () => {
  const result = await end(start("run", "-", "--timeout", "1"), "while True: pass");
  expect(result.exitCode).toBe(124);
  expect(result.stderr).toContain("--timeout");
});

test("stops at Ctrl-C with 130", async () => {
  const child = start("run", "-");
  child.stdout!.once("data", () => child.kill("SIGINT"));
  const { exitCode } = await end(child, "print('on', flush=True)\nwhile True: pass");
  expect(exitCode).toBe(130);
});

test("says that there is no engine, and the next step", async () => {
  const env = { HOME: folder, DOCKER_HOST: "unix:///nowhere/docker.sock" };
  const child = startIn(["tour"], { cwd: folder, env });
  const { exitCode, stderr } = await end(child);
  expect(exitCode).toBe(3);
  expect(stderr).toContain("/nowhere/docker.sock");
});

test("the guided run ends well", async () => {
  const { exitCode, stdout } = await end(start("tour"));
  expect(stdout).toContain("ZeroDivisionError");
  expect(stdout).toContain("timed-out");
  expect(stdout).toContain("sum 500000500000");
  expect(stdout).toContain("squares.csv");
  expect(exitCode).toBe(0);
}, 600_000);
