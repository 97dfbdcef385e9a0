import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { KernelProcess, runScript, type KernelRunOptions } from "../kernel-process.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { python } from "./index.ts";

vi.setConfig({ testTimeout: 60_000 });

const available =
  spawnSync("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 8))"]).status === 0;
const run = (code: string, options?: KernelRunOptions) => runScript(python, code, options);

describe.skipIf(!available)("a Python script", () => {
  test("prints, and its last expression is its value", async () => {
    const result = await run("print('é😀')\nx = 20\nx * 2 + 2");
    expect(result).toMatchObject({ stdout: "é😀\n", stderr: "", exitCode: 0 });
    expect(result.value).toEqual({ "text/plain": "42", "application/json": 42 });
  });

  test("has no value when the last expression is None or ends in a semicolon", async () => {
    expect((await run("print(1)")).value).toBeUndefined();
    expect((await run("1 + 1;")).value).toBeUndefined();
  });

  test("fails with the traceback that Python prints, in the user's lines only", async () => {
    const result = await run("def f(x):\n    return 1 / x\n\nprint('before')\nf(0)\n");
    expect(result).toMatchObject({ stdout: "before\n", exitCode: 1 });
    expect(result.error).toMatchObject({
      name: "ZeroDivisionError",
      message: "division by zero",
      line: 2,
      traceback: result.stderr,
    });
    const lines = result.stderr.split("\n").filter((line) => !/^\s*[~^]+$/.test(line));
    expect(lines[0]).toBe("Traceback (most recent call last):");
    expect(lines[1]).toMatch(/^ {2}File ".*\/main\.py", line 5, in <module>$/);
    expect(lines[2]).toBe("    f(0)");
    expect(lines[3]).toMatch(/^ {2}File ".*\/main\.py", line 2, in f$/);
    expect(lines.slice(4)).toEqual(["    return 1 / x", "ZeroDivisionError: division by zero", ""]);
  });

  test("shows chained errors, and source lines also in tracebacks that it prints itself", async () => {
    const chained = await run("try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('b') from e");
    expect(chained.stderr).toContain("The above exception was the direct cause");
    expect(chained.stderr).toContain("    {}['a']");
    const printed = await run(
      "import traceback\ntry:\n    int('x')\nexcept ValueError:\n    traceback.print_exc()",
    );
    expect(printed).toMatchObject({ exitCode: 0 });
    expect(printed.stderr).toContain("    int('x')");
    expect(printed.stderr).not.toContain("llm_sandbox");
  });

  test.each([
    ["an open bracket", "x = 1\ny = (\n", 2],
    ["a NUL", "x = 1\nprint('\0')", 2],
    ["a lone surrogate", "x = 1\n\nprint('\ud800')", 3],
    ["bad indentation", "if True:\nprint(1)", 2],
  ])("with %s is a syntax error with its line", async (_name, code, line) => {
    const result = await run(code);
    expect(result.exitCode).toBe(1);
    expect(result.error?.name).toMatch(/^(SyntaxError|IndentationError)$/);
    expect(result.error?.line).toBe(line);
    expect(result.stderr).not.toContain("llm_sandbox");
  });

  test("may have a byte-order mark, CRLF, a coding line or nothing at all", async () => {
    expect(await run("\ufeffprint(1)\r\nif True:\r\n    print(2)\r\n")).toMatchObject({ stdout: "1\n2\n" });
    expect(await run("# -*- coding: latin-1 -*-\nprint('é')")).toMatchObject({ stdout: "é\n" });
    expect(await run("")).toMatchObject({ stdout: "", stderr: "", exitCode: 0 });
  });

  test("may be a megabyte long", async () => {
    const result = await run(`${"x = 1 # 0123456789\n".repeat(60_000)}print('end')`);
    expect(result).toMatchObject({ stdout: "end\n", stderr: "", exitCode: 0 });
  });

  test.each([
    ["sys.exit()", 0, ""],
    ["sys.exit(7)", 7, ""],
    ["sys.exit(None)", 0, ""],
    ["sys.exit('sorry')", 1, "sorry\n"],
    ["sys.exit(256 + 3)", 3, ""],
    ["raise SystemExit(4)", 4, ""],
    ["os._exit(5)", 5, ""],
  ])("ends with the exit code of %s", async (code, exitCode, stderr) => {
    const result = await run(`import os, sys\nprint('out')\n${code}`);
    expect(result).toMatchObject({ stdout: "out\n", stderr, exitCode, error: undefined });
  });

  test("ends as the interpreter ends: threads, exit handlers, finalizers, files", async () => {
    const cwd = temporaryFolder("kernel-");
    const result = await run(
      [
        "import atexit, threading, time",
        "atexit.register(lambda: print('exit handler'))",
        "threading.Thread(target=lambda: (time.sleep(0.05), print('thread'))).start()",
        "threading.Thread(target=time.sleep, args=(100,), daemon=True).start()",
        "class A:",
        "    def __del__(self): print('finalizer')",
        "a = A(); a.self = a",
        "file = open('left-open.txt', 'w'); file.write('kept')",
        "print('main')",
      ].join("\n"),
      { cwd },
    );
    expect(result.stdout).toBe("main\nthread\nexit handler\nfinalizer\n");
    expect(readFileSync(join(cwd, "left-open.txt"), "utf8")).toBe("kept");
    expect(result.exitCode).toBe(0);
  });

  test("reads standard input, and its end is an EOFError", async () => {
    expect(
      await run("print(input() + '!', [line for line in __import__('sys').stdin])", { stdin: "a\nb\nc" }),
    ).toMatchObject({ stdout: "a! ['b\\n', 'c']\n" });
    expect((await run("input()")).error).toMatchObject({ name: "EOFError", line: 1 });
  });

  test("is the module __main__ of a file in its folder, and finds modules beside it", async () => {
    const cwd = temporaryFolder("kernel-");
    writeFileSync(join(cwd, "beside.py"), "value = 'found'\n");
    const code = [
      "import sys, pickle, inspect, beside",
      "class A: pass",
      "def f(): return 1",
      "assert type(pickle.loads(pickle.dumps(A()))) is A",
      "print(__name__, __file__, sys.argv, sys.path[0], beside.value)",
      "print(sys.modules['__main__'].A is A, inspect.getsource(f).strip(), sorted(n for n in dir() if n[0] != '_'))",
    ].join("\n");
    const result = await run(code, { cwd, argv: ["--flag", "é"], filename: "tool.py" });
    expect(result.stderr).toBe("");
    expect(result.stdout).toBe(
      `__main__ ${cwd}/tool.py ['tool.py', '--flag', 'é'] ${cwd} found\n` +
        "True def f(): return 1 ['A', 'beside', 'f', 'inspect', 'pickle', 'sys']\n",
    );
    expect(existsSync(join(cwd, "tool.py"))).toBe(false);
  });

  test("uses processes, threads and an event loop", async () => {
    const result = await run(
      [
        "from __future__ import annotations",
        "import asyncio, multiprocessing, subprocess, sys",
        "from concurrent.futures import ThreadPoolExecutor, ProcessPoolExecutor",
        "def double(x: Missing): return 2 * x",
        "async def main():",
        "    await asyncio.sleep(0)",
        "    return 'async'",
        "if __name__ == '__main__':",
        "    print(subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True, text=True).stdout.strip())",
        "    with multiprocessing.Pool(2) as pool: print(pool.map(double, [1, 2]))",
        "    with ProcessPoolExecutor(1) as pool: print(list(pool.map(double, [3])))",
        "    with ThreadPoolExecutor(2) as pool: print(list(pool.map(double, [4])))",
        "    print(asyncio.run(main()))",
      ].join("\n"),
    );
    expect(result).toMatchObject({ stderr: "", stdout: "1\n[2, 4]\n[6]\n[8]\nasync\n", exitCode: 0 });
  });

  describe.each(["spawn", "forkserver"])("with processes started by %s", (method) => {
    const start = ["import multiprocessing", `m = multiprocessing.get_context('${method}')`];

    test("has its functions and classes there, its arguments, and what else a child has", async () => {
      const cwd = temporaryFolder("kernel-");
      const result = await run(
        [
          "import os, sys, multiprocessing as m",
          "from concurrent.futures import ProcessPoolExecutor",
          "class Point:",
          "    def __init__(self, x): self.x = x",
          "def double(point): return Point(2 * point.x)",
          "def child(queue): queue.put([__name__, __file__, sys.argv, os.getcwd()])",
          "def parent(queue):",
          "    process = m.Process(target=child, args=(queue,)); process.start(); process.join()",
          "if __name__ == '__main__':",
          `    m.set_start_method('${method}')`,
          "    with m.Pool(2) as pool:",
          "        print([point.x for point in pool.map(double, map(Point, range(3)))])",
          "        print([point.x for point in pool.imap(double, map(Point, range(3)))])",
          "    queue = m.Queue()",
          "    for target in (child, parent):",
          "        process = m.Process(target=target, args=(queue,)); process.start()",
          "        print(queue.get()); process.join(); print(process.exitcode)",
          "    with ProcessPoolExecutor(1) as pool: print(pool.submit(double, Point(4)).result().x)",
        ].join("\n"),
        { cwd, argv: ["a b"], filename: "tool.py" },
      );
      const line = `['__mp_main__', '${cwd}/tool.py', ['tool.py', 'a b'], '${cwd}']\n0\n`;
      expect(result).toMatchObject({
        stderr: "",
        stdout: `[0, 2, 4]\n[0, 2, 4]\n${line}${line}8\n`,
        exitCode: 0,
      });
      expect(readdirSync(cwd)).toEqual([]);
    });

    test("shows the lines of an error there", async () => {
      const result = await run(
        [
          "import multiprocessing as m",
          "def fail(): raise KeyError('k')  # here",
          "if __name__ == '__main__':",
          `    process = m.get_context('${method}').Process(target=fail)`,
          "    process.start(); process.join(); print(process.exitcode)",
        ].join("\n"),
      );
      expect(result).toMatchObject({ stdout: "1\n", exitCode: 0 });
      expect(result.stderr).toContain("def fail(): raise KeyError('k')  # here");
    });

    test.each([
      ["map", "pool.map(str, [1, 2, 3])"],
      ["apply_async", "pool.apply_async(str, (1,)).get()"],
      ["imap", "list(pool.imap(str, [1, 2, 3]))"],
      ["imap_unordered", "list(pool.imap_unordered(str, [1, 2, 3]))"],
    ])("fails once without a guard, in Python's words, in a pool's %s", async (_name, call) => {
      const result = await run([...start, `with m.Pool(2) as pool:\n    print(${call})`].join("\n"));
      expect(result).toMatchObject({ stdout: "", exitCode: 1, error: { name: "RuntimeError", line: 4 } });
      expect(result.error?.message).toContain(
        "before the\n        current process has finished its bootstrapping",
      );
      expect(result.stderr.length).toBeLessThan(20_000);
    });

    test("fails once where it fails in every child", async () => {
      const code = [
        "import multiprocessing as m",
        "if __name__ == '__main__':",
        `    with m.get_context('${method}').Pool(2) as pool: print(pool.map(str, [1]))`,
        "else: raise SystemExit('not here')",
      ].join("\n");
      const result = await run(code);
      expect(result.error).toMatchObject({ name: "RuntimeError", message: "SystemExit: not here" });
      const alone = `${start.join("\n")}\nprocess = m.Process(target=print); process.start(); process.join()\nprint(process.exitcode)`;
      const other = await run(alone);
      expect(other).toMatchObject({ stdout: "1\n", exitCode: 0 });
      expect(other.stderr.match(/An attempt has been made/g)).toHaveLength(1);
      const set = `import multiprocessing as m\nm.set_start_method('${method}')\nm.Pool(1).map(str, [1])`;
      expect((await run(set)).error?.message).toBe("context has already been set");
    });
  });

  test("prints text that is no Unicode, and survives deep recursion", async () => {
    expect(await run("print('a\\ud800b')")).toMatchObject({ stdout: "a\\ud800b\n", exitCode: 0 });
    const deep = await run("def f(): return f()\nf()");
    expect(deep.error).toMatchObject({ name: "RecursionError", line: 1 });
    const nested = await run(`x = ${"(".repeat(2000)}1${")".repeat(2000)}`);
    expect(nested).toMatchObject({ exitCode: 1, signal: null });
    expect(nested.error?.name).toMatch(/^(SyntaxError|MemoryError|RecursionError)$/); // by version
  });

  test("that has used up its descriptors is told as it ended, with its value", async () => {
    const use = "import os\ntry:\n  while True: os.open('/dev/null', os.O_RDONLY)\nexcept OSError: pass\n";
    const ended = await run(`${use}{'answer': 42}`);
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ended.value).toEqual({ "application/json": { answer: 42 }, "text/plain": "{'answer': 42}" });
    const failed = await run(`${use}1 / 0`);
    expect(failed).toMatchObject({ exitCode: 1, error: { name: "ZeroDivisionError", line: 5 } });
    expect(failed.stderr).toContain("ZeroDivisionError: division by zero");
  });

  test("keeps what it printed when it is killed", async () => {
    const kernel = new KernelProcess(python);
    kernel.send("print('step 1')\nwhile True: pass", "script");
    await kernel.printed("step 1");
    kernel.kill();
    expect(await kernel.end()).toMatchObject({ stdout: "step 1\n", exitCode: null, signal: "SIGKILL" });
  });

  test("interrupted ends by the signal, after the traceback", async () => {
    const kernel = new KernelProcess(python);
    kernel.send("import time\nprint('ready')\ntime.sleep(1000)", "script");
    await kernel.printed("ready");
    kernel.interrupt();
    const result = await kernel.end();
    expect(result).toMatchObject({ exitCode: null, signal: "SIGINT" });
    expect(result.error).toMatchObject({ name: "KeyboardInterrupt" });
  });

  test("may have an excepthook of its own", async () => {
    const result = await run("import sys\nsys.excepthook = lambda *a: print('mine', a[0].__name__)\n1/0");
    expect(result).toMatchObject({ stdout: "mine ZeroDivisionError\n", stderr: "", exitCode: 1 });
    expect(result.error?.name).toBe("ZeroDivisionError");
  });

  test("that closes descriptor 3 still runs", async () => {
    expect(await run("import os\nos.close(3)\nprint('on')\n1")).toMatchObject({
      stdout: "on\n",
      exitCode: 0,
    });
  });
});

describe.skipIf(!available)("values of Python", () => {
  test("come in every form that they offer", async () => {
    const result = await run(
      [
        "class A:",
        "    def _repr_html_(self): return '<b>a</b>'",
        "    def _repr_png_(self): return b'\\x89PNG'",
        "    def _repr_json_(self): return {'a': [1, None, True, 'é']}",
        "    def _repr_svg_(self): raise ValueError('no')",
        "    def __repr__(self): return 'A()'",
        "class B:",
        "    def _repr_mimebundle_(self, include=None, exclude=None): return {'text/markdown': '*b*', 'text/plain': 'b'}, {}",
        "print('first')",
        "display(B(), 'text')",
        "A()",
      ].join("\n"),
    );
    expect(result.displays).toEqual([
      { "text/markdown": "*b*", "text/plain": "b" },
      { "text/plain": "'text'", "application/json": "text" },
    ]);
    expect(result.value).toEqual({
      "text/plain": "A()",
      "text/html": "<b>a</b>",
      "image/png": Buffer.from("\x89PNG", "latin1").toString("base64"),
      "application/json": { a: [1, null, true, "é"] },
    });
  });

  test("are JSON only where JSON keeps everything", async () => {
    expect((await run("{'a': (1, 2.5), 'b': None}")).value?.["application/json"]).toEqual({
      a: [1, 2.5],
      b: null,
    });
    for (const code of ["{1: 2}", "float('nan')", "2 ** 53", "{1, 2}", "[1] * 30000", "object()", "b'x'"]) {
      expect((await run(code)).value, code).not.toHaveProperty("application/json");
    }
  });

  test("are bounded however large they are", async () => {
    for (const code of [
      "list(range(3_000_000))",
      "'x' * 3_000_000",
      "a = []; a.append(a); a",
      "10 ** 100_000",
    ]) {
      const result = await run(code);
      expect(result, code).toMatchObject({ exitCode: 0, stderr: "" });
      expect(String(result.value?.["text/plain"]).length, code).toBeLessThan(40_000);
    }
  });

  test("whose repr fails are still values", async () => {
    const result = await run("class A:\n    def __repr__(self): raise ValueError()\nA()");
    expect(result).toMatchObject({ exitCode: 0, error: undefined });
    expect(result.value?.["text/plain"]).toContain("repr() failed");
  });
});
