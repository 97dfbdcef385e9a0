import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SandboxSession } from "../../session.ts";
import { embedded } from "./index.ts";

const runtime = embedded();
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-sandbox-embedded-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (lang: string, more: object = {}): Promise<SandboxSession> =>
  SandboxSession.open({ lang, runtime, ...more });

describe("ordinary programs", () => {
  test("Python has its standard library and the session's files", async () => {
    await using session = await open("python");
    const result = await session.run(`
import csv, json, pathlib, sqlite3, sys
pathlib.Path("data").mkdir()
with open("data/a.csv", "w", newline="") as file:
    csv.writer(file).writerows([["a", "b"], [1, 2]])
database = sqlite3.connect("data/a.db")
database.execute("create table t (x)")
database.executemany("insert into t values (?)", [(n,) for n in range(100)])
database.commit()
database.close()
total = sqlite3.connect("data/a.db").execute("select sum(x) from t").fetchone()[0]
print(json.dumps([total, sorted(p.name for p in pathlib.Path("data").iterdir())]))
print("problem", file=sys.stderr)
list(csv.reader(open("data/a.csv")))
`);
    expect(result).toMatchObject({
      status: "ok",
      stdout: '[4950, ["a.csv", "a.db"]]\n',
      stderr: "problem\n",
      value: "[['a', 'b'], ['1', '2']]",
    });
  });

  test("JavaScript has Node's files, modules and timers", async () => {
    await using session = await open("javascript");
    await session.files.writeFile("lib.mjs", "export const twice = (x) => 2 * x;");
    await session.files.writeFile("old.cjs", "module.exports = { name: 'old', here: __dirname };");
    const result = await session.run(`
import fs, { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { createRequire } from "node:module";
import { twice } from "./lib.mjs";
const require = createRequire(import.meta.url);
fs.mkdirSync("deep/er", { recursive: true });
await writeFile("deep/er/a.txt", "text");
fs.appendFileSync("deep/er/a.txt", " and more");
await new Promise((resolve) => setTimeout(resolve, 5));
console.log(readFileSync(path.join("deep", "er", "a.txt"), "utf8"), twice(21), require("./old.cjs"));
`);
    expect(result).toMatchObject({
      status: "ok",
      stdout: "text and more 42 { name: 'old', here: '/workspace' }\n",
    });
  });

  test("TypeScript has types, enums and the value of its last expression", async () => {
    await using session = await open("typescript");
    const result = await session.run(
      "enum Level { Low = 1, High = 5 }\nconst x: Level = Level.High;\n({ x })",
    );
    expect(result).toMatchObject({ status: "ok", value: "{ x: 5 }" });
  });

  test("Bash has pipes, the usual tools and its own errors", async () => {
    await using session = await open("bash");
    const result = await session.run(`
printf 'b 2\\na 1\\n' | sort | awk '{ sum += $2; print $1 } END { print sum }'
echo '{"a": [1, 2]}' | jq -c .a
echo one > f.txt; find . -name '*.txt'; sed -i s/one/two/ f.txt; grep -c two f.txt
ls nothing
exit 7
`);
    expect(result).toMatchObject({
      status: "failed",
      exitCode: 7,
      stdout: "a\nb\n3\n[1,2]\n./f.txt\n1\n",
    });
    expect(result.stderr).toContain("No such file");
  });

  test("one tree of files for every language, commands, the files API and copies", async () => {
    await using session = await open("python");
    await writeFile(join(folder, "in.txt"), "from outside");
    await session.copyToRuntime(join(folder, "in.txt"), "in.txt");
    await session.run("open('out.txt', 'w').write(open('in.txt').read().upper())");
    expect(await session.files.readText("out.txt")).toBe("FROM OUTSIDE");
    expect(
      (await session.executeCommand("cat out.txt | tr A-Z a-z > low.txt; wc -c < low.txt")).stdout.trim(),
    ).toBe("12");
    const node = await session.executeCommand([
      "node",
      "-e",
      "console.log(fs.readFileSync('low.txt', 'utf8'))".replace("fs.", "require('fs')."),
    ]);
    expect(node).toMatchObject({ status: "ok", stdout: "from outside\n" });
    await session.copyFromRuntime("low.txt", join(folder, "low.txt"));
    expect(await readFile(join(folder, "low.txt"), "utf8")).toBe("from outside");
  });

  test("a command may start interpreters, which read its pipe and give it their exit code", async () => {
    await using session = await open("bash");
    const command = `echo abc | python3 -c 'import sys; print(sys.stdin.read().strip().upper()); sys.exit(3)' | cat; echo \${PIPESTATUS[1]}`;
    expect(await session.executeCommand(command)).toMatchObject({ stdout: "ABC\n3\n" });
    expect(await session.executeCommand(["nothing-like-it"])).toMatchObject({ exitCode: 127 });
  });
});

describe("results", () => {
  test("errors have their traceback and line", async () => {
    await using python = await open("python");
    const failed = await python.run("def f():\n    return 1 / 0\n\nf()");
    expect(failed).toMatchObject({
      status: "failed",
      exitCode: 1,
      error: { name: "ZeroDivisionError", line: 2 },
    });
    expect(failed.stderr).toContain('File "/workspace/main.py", line 2, in f');
    await using javascript = await open("javascript");
    const thrown = await javascript.run("const x = null;\nx.y;");
    expect(thrown).toMatchObject({ status: "failed", exitCode: 1, error: { name: "TypeError", line: 2 } });
    expect(thrown.error?.traceback).not.toMatch(/ext:|blob:/);
    await using bash = await open("bash");
    expect(await bash.run("if then")).toMatchObject({ exitCode: 2, error: { name: "SyntaxError", line: 1 } });
  });

  test("rich outputs come by media type", async () => {
    await using session = await open("python");
    const result = await session.run(`
class Table:
    def _repr_html_(self):
        return "<table></table>"
display(Table())
{"a": 1}
`);
    expect(result.outputs).toMatchObject([
      { kind: "display", data: { "text/html": "<table></table>" } },
      { kind: "value", data: { "application/json": { a: 1 } } },
    ]);
  });

  test.each([
    ["python", "import sys\nfor line in sys.stdin: print(line.strip().upper())"],
    ["javascript", "process.stdin.on('data', (data) => process.stdout.write(String(data).toUpperCase()))"],
    ["bash", "tr a-z A-Z"],
  ])("%s reads its standard input", async (lang, code) => {
    await using session = await open(lang);
    async function* input(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("one\n");
      await new Promise((resolve) => setTimeout(resolve, 50));
      yield Buffer.from("two\n");
    }
    expect(await session.run(code, { stdin: input() })).toMatchObject({ status: "ok", stdout: "ONE\nTWO\n" });
  });

  test.each([
    ["python", "import time\nprint('a')\ntime.sleep(60)"],
    ["javascript", "console.log('a'); setTimeout(() => {}, 60000)"],
    ["bash", "echo a; sleep 60"],
  ])("%s: output comes while the program runs, and stays when it is cancelled", async (lang, code) => {
    await using session = await open(lang);
    const stop = new AbortController();
    const result = await session.run(code, { signal: stop.signal, onOutput: () => stop.abort() });
    expect(result).toMatchObject({ status: "cancelled", stdout: "a\n" });
  });
});

describe("limits", () => {
  test.each([
    ["python", "print('before', flush=True)\ninput()"],
    ["javascript", "console.log('before'); require('fs').readFileSync(0)"],
    ["bash", "echo before; kill -STOP $$"],
  ])("%s: one that waits for ever ends in time", async (lang, code) => {
    await using session = await open(lang);
    async function* never(): AsyncGenerator<Uint8Array> {
      await new Promise(() => {});
      yield new Uint8Array();
    }
    const stdin = lang === "bash" ? "" : never();
    const result = await session.run(code, { timeoutMs: 1_000, stdin });
    expect(result).toMatchObject({ status: "timed-out", stdout: "before\n" });
  });

  test.each([
    ["python", "open('kept', 'w').write('x')\nwhile True: pass"],
    ["javascript", "require('fs').writeFileSync('kept', 'x'); for (;;);"],
    ["bash", "echo x > kept; while true; do :; done"],
  ])("%s: a busy loop ends in time and the files stay", async (lang, code) => {
    await using session = await open(lang);
    const result = await session.run(code, { timeoutMs: 1_500 });
    expect(result.status).toBe("timed-out");
    expect(await session.files.exists("kept")).toBe(true);
    expect(await session.executeCommand("echo again")).toMatchObject({ status: "ok", stdout: "again\n" });
  });

  test.each([
    ["python", "held = []\nwhile True: held.append(bytearray(10_000_000))"],
    ["python", "def f():\n    held = []\n    while True: held.append('x' * 1000000)\nf()"],
    ["javascript", "const held = []; for (;;) held.push(new Array(100000).fill({}).map(() => ({})));"],
    ["javascript", "const held = []; for (;;) held.push(new Uint8Array(10_000_000).fill(1));"],
  ])("%s: a memory bomb ends as out-of-memory and the session goes on: %s", async (lang, code) => {
    await using session = await open(lang, { limits: { memoryBytes: 134_217_728 } });
    expect((await session.run(code, { timeoutMs: 60_000 })).status).toBe("out-of-memory");
    const after = lang === "python" ? "print('alive')" : "console.log('alive')";
    expect(await session.run(after)).toMatchObject({ status: "ok", stdout: "alive\n" });
  });

  test("files are bounded in bytes and entries, in every language", async () => {
    await using session = await open("python", { limits: { diskBytes: 1_048_576, diskEntries: 100 } });
    const filled = await session.run("open('big', 'wb').write(b'x' * 2_000_000)");
    expect(filled.error).toMatchObject({ name: "OSError" });
    expect(filled.error?.message).toContain("No space left");
    const many = await session.executeCommand(
      "for i in $(seq 200); do echo x > f$i || break; done; ls | wc -l",
    );
    expect(Number(many.stdout)).toBeLessThanOrEqual(100);
  });
});

describe("contexts", () => {
  test("Python keeps variables, functions and imports, and awaits", async () => {
    await using session = await open("python");
    await using context = session.createContext();
    await context.run("import asyncio, math\ndef area(r): return math.pi * r ** 2\nx = 2");
    expect((await context.run("await asyncio.sleep(0)\nround(area(x), 2)")).value).toBe("12.57");
    expect(await context.run("1/0")).toMatchObject({
      status: "failed",
      error: { name: "ZeroDivisionError" },
    });
    expect((await context.run("x")).value).toBe("2");
  });

  test("JavaScript has a console's semantics: declarations stay and may be made again, await works", async () => {
    await using session = await open("javascript");
    await using context = session.createContext();
    await context.run("let a = 1; const { b, ...rest } = { b: 2, c: 3 }; class K { get x() { return a; } }");
    await context.run("const got = await Promise.resolve(b); function more() { return a + got; }");
    expect((await context.run("[more(), rest, new K().x]")).value).toBe("[ 3, { c: 3 }, 1 ]");
    expect((await context.run("let a = 10; more()")).value).toBe("12");
    expect(await context.run("null.x")).toMatchObject({ error: { name: "TypeError", line: 1 } });
    expect(await context.run("process.exit(4)")).toMatchObject({ exitCode: 4 });
    expect((await context.run("a")).value).toBe("10");
  });

  test("Bash lists exported variables alone as the environment", async () => {
    await using session = await open("bash");
    for (const command of ["env", "printenv"]) {
      const code = `plain=1; export shown=2; once=3 ${command} | cut -d= -f1 | sort`;
      const { stdout } = await session.run(code, { env: { GIVEN: "4" } });
      const names = stdout.trim().split("\n");
      expect(names, command).toEqual(expect.arrayContaining(["GIVEN", "once", "shown"]));
      expect(names, command).not.toContain("plain");
      expect(names.filter((name) => /^(?:IFS|OSTYPE|BASHOPTS|SHELLOPTS|OPTIND|[?#@0-9])/.test(name))).toEqual(
        [],
      );
    }
    const given = [
      "export A=1; B=2",
      `env A=3 C="it's; \\$B" sh -c 'echo $A-$B-$C'`,
      "env D=5 env | grep '^D'",
      'env -u A E=6 python3 -c \'import os; print(os.environ.get("B"), os.environ["E"])\'',
      "env | grep -c '^A=1$'",
      "printenv A B",
    ];
    expect(await session.run(given.join("\n"))).toMatchObject({
      stdout: "3--it's; $B\nD=5\nNone 6\n1\n1\n",
      exitCode: 1,
    });
  });

  test("Bash keeps variables, functions and the folder", async () => {
    await using session = await open("bash");
    await using context = session.createContext();
    await context.run("x=1; list=(a b); f() { echo $x ${list[1]}; }; mkdir -p d; cd d");
    expect(await context.run("f; pwd; exit 3")).toMatchObject({ stdout: "1 b\n/workspace/d\n", exitCode: 3 });
    expect(await context.run("echo $?")).toMatchObject({ stdout: "3\n" });
  });
});

describe("what cannot be", () => {
  test.each(["java", "go"])("%s names the runtimes that have it", async (lang) => {
    await expect(open(lang)).rejects.toMatchObject({
      code: "LANGUAGE_UNAVAILABLE",
      message: expect.stringContaining("docker()"),
    });
  });

  test("images, networks and fractions of a processor are refused", async () => {
    await expect(open("python", { image: "python:3" })).rejects.toMatchObject({ code: "UNSUPPORTED" });
    await expect(open("python", { network: "full" })).rejects.toMatchObject({ code: "UNSUPPORTED" });
    await expect(open("python", { limits: { cpus: 0.5 } })).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  /** Who reads may be a model behind a tool, which has neither our methods and functions nor our documents. */
  const ownNames = /executeCommand|docker\(\)|oci\(\)|timeoutMs|docs\//;

  test("programs are told why there are no threads, processes, network and packages", async () => {
    await using python = await open("python");
    const thread = await python.run("import threading\nthreading.Thread(target=print).start()");
    expect(thread.error?.message).toContain("thread");
    const process = await python.run("import subprocess\nsubprocess.run(['ls'])");
    expect(process.error?.message).toMatch(/in Python itself.*container runtime/);
    const socket = await python.run("import urllib.request\nurllib.request.urlopen('http://example.com')");
    expect(socket.error?.message).toMatch(/no network/);
    const numpy = await python.run("import numpy");
    expect(numpy.error).toMatchObject({ name: "ModuleNotFoundError" });
    expect(numpy.error?.message).toMatch(/standard library/);
    await using javascript = await open("javascript");
    for (const [code, why] of [
      ["await fetch('https://example.com')", /no network/],
      ["import('node:child_process').then((all) => all.execSync('ls'))", /in JavaScript.*container runtime/],
      ["const { Worker } = require('worker_threads'); new Worker('x')", /thread/],
      ["import _ from 'lodash'", /no npm packages/],
      ["await import('https://deno.land/x/a.ts')", /no network/],
    ] as const) {
      const message = (await javascript.run(code)).error?.message;
      expect(message, code).toMatch(why);
      expect(message, code).not.toMatch(ownNames);
    }
    for (const { error } of [thread, process, socket, numpy]) expect(error?.message).not.toMatch(ownNames);
    await using bash = await open("bash");
    const trap = await bash.run("trap 'echo x' RETURN");
    expect(trap.stderr).toMatch(/not supported in this sandbox\. A container runtime has it\./);
    const absent = await bash.run("sqlite3 a.db .tables; echo $?");
    expect(absent).toMatchObject({
      stdout: "127\n",
      stderr: expect.stringContaining("python3 has the module"),
    });
    expect(trap.stderr).not.toMatch(ownNames);
  });
});
