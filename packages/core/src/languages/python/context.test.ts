import { spawnSync } from "node:child_process";
import { afterEach, describe, expect, test, vi } from "vitest";
import { KernelProcess } from "../kernel-process.ts";
import { python } from "./index.ts";

vi.setConfig({ testTimeout: 60_000 });

const available =
  spawnSync("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 8))"]).status === 0;

describe.skipIf(!available)("a Python context", () => {
  let kernel: KernelProcess;
  let count = 0;
  const open = (): void => {
    kernel = new KernelProcess(python);
    count = 0;
  };
  const run = (code: string, interruptAt?: string) => {
    count += 1;
    return kernel.inContext(code, count, interruptAt === undefined ? undefined : interrupt(interruptAt));
  };
  const interrupt = (marker: string) => async (): Promise<void> => {
    await kernel.printed(marker);
    kernel.interrupt();
  };
  afterEach(() => kernel.kill());

  test("keeps names, imports and the last value between runs", async () => {
    open();
    expect(await run("import math\nx = 3")).toMatchObject({ exitCode: 0, value: undefined });
    expect((await run("math.floor(x + 0.5)")).value?.["text/plain"]).toBe("3");
    expect((await run("_ + 1")).value?.["text/plain"]).toBe("4");
    expect(await run("print(_, __name__)")).toMatchObject({ stdout: "4 __main__\n" });
  });

  test("goes on after errors, which name the run they come from", async () => {
    open();
    await run("def f():\n    raise ValueError('no')");
    const failed = await run("x = 1\nf()");
    expect(failed.exitCode).toBe(1);
    expect(failed.error).toMatchObject({ name: "ValueError", message: "no", line: 2 });
    expect(failed.stderr).toContain('  File "<run 2>", line 2, in <module>\n    f()\n');
    expect(failed.stderr).toContain("  File \"<run 1>\", line 2, in f\n    raise ValueError('no')\n");
    expect((await run("x = (")).error).toMatchObject({ name: "SyntaxError", line: 1 });
    expect((await run("x")).value?.["text/plain"]).toBe("1");
  });

  test("survives sys.exit with its code", async () => {
    open();
    expect(await run("import sys; sys.exit(3)")).toMatchObject({ exitCode: 3, error: undefined });
    expect(await run("sys.exit('bye')")).toMatchObject({ exitCode: 1, stderr: "bye\n" });
    expect(await run("print('here')")).toMatchObject({ exitCode: 0, stdout: "here\n" });
  });

  test.each([
    ["a loop", "print('go')\nwhile True: pass"],
    ["a sleep", "import time\nprint('go')\ntime.sleep(1000)"],
    ["an await", "import asyncio\nprint('go')\nawait asyncio.sleep(1000)"],
    ["a coroutine that never waits", "import asyncio\nawait asyncio.sleep(0)\nprint('go')\nwhile True: pass"],
  ])("is interrupted in %s and keeps its state", async (_name, code) => {
    open();
    await run("kept = 7");
    const result = await run(code, "go");
    expect(result.exitCode).toBe(130);
    expect(result.error?.name).toBe("KeyboardInterrupt");
    expect(result.stderr).toContain("<run 2>");
    expect((await run("kept")).value?.["text/plain"]).toBe("7");
  });

  test("lets code catch an interrupt, and the next one still works", async () => {
    open();
    const caught = await run(
      "try:\n    print('go')\n    while True: pass\nexcept KeyboardInterrupt:\n    print('caught')",
      "go",
    );
    expect(caught).toMatchObject({ exitCode: 0, stdout: "go\ncaught\n" });
    expect(await run("print('again')\nwhile True: pass", "again")).toMatchObject({ exitCode: 130 });
    const replaced = await run("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN); 1");
    expect(replaced.exitCode).toBe(0);
    expect(await run("print('third')\nwhile True: pass", "third")).toMatchObject({ exitCode: 130 });
  });

  test("ignores an interrupt between runs", async () => {
    open();
    await run("x = 1");
    kernel.interrupt();
    const next = await run("x");
    expect([0, 130]).toContain(next.exitCode);
    expect((await run("x")).value?.["text/plain"]).toBe("1");
  });

  test("awaits at the top level on one event loop", async () => {
    open();
    await run("import asyncio");
    expect((await run("await asyncio.sleep(0, 'a')")).value?.["text/plain"]).toBe("'a'");
    await run("loop = asyncio.get_running_loop(); await asyncio.sleep(0)");
    expect(
      (await run("(await asyncio.sleep(0, 1)) and loop is asyncio.get_running_loop()")).value?.["text/plain"],
    ).toBe("True");
    expect((await run("asyncio.run(asyncio.sleep(0, 'own'))")).value?.["text/plain"]).toBe("'own'");
    const failed = await run("async def f():\n    raise KeyError('k')\nawait f()");
    expect(failed.error).toMatchObject({ name: "KeyError", line: 2 });
    expect(failed.stderr).not.toContain("base_events");
  });

  test("has an empty standard input, and ends when the host closes its side", async () => {
    open();
    expect((await run("input()")).error?.name).toBe("EOFError");
    kernel.closeJobs();
    expect(await kernel.end()).toMatchObject({ exitCode: 0 });
  });
});
