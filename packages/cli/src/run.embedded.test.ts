import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { openSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { controlC, end, OnTerminal, start } from "./testing/command-under-test.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cli-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

const env = { LLM_SANDBOX_RUNTIME: "embedded" };

async function file(name: string, code: string | Buffer): Promise<string> {
  await writeFile(join(folder, name), code);
  return name;
}

const run = (...args: readonly string[]): ReturnType<typeof start> =>
  start(["run", ...args], { cwd: folder, env });

test("ends with its program, whoever holds its standard input open", async () => {
  const child = run(
    await file(
      "first.js",
      "process.stdin.once('data', (data) => { console.log(`${data}`); process.exit(5); });",
    ),
  );
  child.stdin!.write("one");
  const stdout: Buffer[] = [];
  child.stdout!.on("data", (piece: Buffer) => stdout.push(piece));
  const exitCode = await new Promise((resolve) => child.once("exit", resolve));
  expect([Buffer.concat(stdout).toString(), exitCode]).toEqual(["one\n", 5]);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("%s ends a busy program, and the exit code is %i", async (signal, expected) => {
  const child = run(await file("busy.js", "console.log('on'); for (;;);"));
  child.stdout!.once("data", () => child.kill(signal));
  expect((await end(child)).exitCode).toBe(expected);
});

test("a second Ctrl-C ends it at once", async () => {
  const child = run(await file("busy.js", "console.log('on'); for (;;);"));
  child.stdout!.once("data", () => {
    child.kill("SIGINT");
    child.kill("SIGINT");
  });
  expect((await end(child)).exitCode).toBe(130);
});

test("ends quietly when its reader goes away", async () => {
  const child = run(await file("many.js", "for (let i = 0; ; i += 1) console.log(i);"));
  child.stdout!.once("data", () => child.stdout!.destroy());
  const stderr: Buffer[] = [];
  child.stderr!.on("data", (piece: Buffer) => stderr.push(piece));
  const exitCode = await new Promise((resolve) => child.once("exit", resolve));
  expect([exitCode, Buffer.concat(stderr).toString()]).toEqual([0, expect.not.stringContaining("Error")]);
});

test("goes on without a reader of its errors", async () => {
  const child = run(
    await file(
      "both.js",
      "for (let i = 0; i < 9999; i += 1) console.error(i); console.log('end'); process.exit(6);",
    ),
  );
  child.stderr!.destroy();
  const stdout: Buffer[] = [];
  child.stdout!.on("data", (piece: Buffer) => stdout.push(piece));
  const exitCode = await new Promise((resolve) => child.once("close", resolve));
  expect([exitCode, Buffer.concat(stdout).toString()]).toEqual([6, "end\n"]);
});

test.skipIf(process.platform !== "linux")("says that its output cannot be written", async () => {
  const script = await file("line.js", "console.log('line');");
  const args = [join(import.meta.dirname, "../dist/main.js"), "run", script];
  const { spawn } = await import("node:child_process");
  const stdio = ["ignore", openSync("/dev/full", "w"), "pipe"] as const;
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: [...stdio],
  });
  const stderr: Buffer[] = [];
  child.stderr!.on("data", (piece: Buffer) => stderr.push(piece));
  const exitCode = await new Promise((resolve) => child.once("close", resolve));
  expect([exitCode, Buffer.concat(stderr).toString()]).toEqual([
    3,
    expect.stringContaining("cannot be written: ENOSPC"),
  ]);
});

test("copies what there is, and tells of what is not", async () => {
  const good = await file("good.js", "require('node:fs').writeFileSync('made', 'x');");
  const outs = ["--out", "nothing", "--out", "made:copied"];
  const missed = await end(run(good, ...outs));
  expect(missed).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("--out nothing: No such file"),
  });
  // Not the program's fault: a file is in the way.
  await file("blocked", "");
  const failed = await end(run(good, "--out", "nothing", "--out", "made:blocked/made"));
  expect(failed).toMatchObject({ exitCode: 3, stderr: expect.stringContaining("--out made") });
  expect(await readFile(join(folder, "copied"), "utf8")).toBe("x");
  const bad = await file("bad.js", "process.exit(9);");
  expect(await end(run(bad, "--out", "nothing"))).toMatchObject({ exitCode: 9 });
});

test("takes folders in and out", async () => {
  await mkdir(join(folder, "data/inner"), { recursive: true });
  await writeFile(join(folder, "data/inner/a.txt"), "deep");
  const copy = await file("copy.sh", "cp -r data result && echo more > result/b.txt\n");
  expect(await end(run(copy, "--in", "data", "--out", "result"))).toMatchObject({ exitCode: 0 });
  expect(await readFile(join(folder, "result/inner/a.txt"), "utf8")).toBe("deep");
});

test.each([
  ["SIGKILL", "import os; os.kill(os.getpid(), 9)", 137],
  ["SIGABRT", "import os; os.abort()", 134],
])("a program's end by %s is the exit code a shell would see", async (_, code, expected) => {
  expect((await end(run("-"), code)).exitCode).toBe(expected);
});

test("fractions of seconds are taken", async () => {
  const busy = await file("busy.js", "for (;;);");
  expect(await end(run(busy, "--timeout", "1.2345"))).toMatchObject({ exitCode: 124 });
});

test("a language that only containers have names them", async () => {
  const java = await file("A.java", "class A { public static void main(String[] args) {} }");
  expect(await end(run(java))).toMatchObject({
    exitCode: 3,
    stderr: expect.stringMatching(/docker\(\).*oci\(\)/),
  });
});

describe.skipIf(process.platform !== "linux")("on a terminal", () => {
  test("Ctrl-C ends it with 130", async () => {
    const busy = await file("busy.js", "console.log('on'); for (;;);");
    const terminal = new OnTerminal(["run", busy], { cwd: folder, env });
    await terminal.sees(/on\n/);
    terminal.type(controlC);
    expect(await terminal.ends()).toBe(130);
  });

  test("progress keeps within forty columns, and nothing of it stays", async () => {
    const cache = join(folder, "cold");
    const terminal = new OnTerminal(["run", await file("one.py", "print('one')")], {
      cwd: folder,
      env: { ...env, XDG_CACHE_HOME: cache, NO_COLOR: "1" },
      columns: 40,
    });
    expect(await terminal.ends()).toBe(0);
    for (const line of terminal.raw.split(/\r\u001b\[2K|\r*\n/)) expect(line.length).toBeLessThan(40);
    expect(terminal.raw).toMatch(/(^|\u001b\[2K)one\r\n$/);
  });
});
