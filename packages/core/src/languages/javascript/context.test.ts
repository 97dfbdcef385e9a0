import { afterEach, describe, expect, test, vi } from "vitest";
import { KernelProcess } from "../kernel-process.ts";
import { javascript } from "./index.ts";

vi.setConfig({ testTimeout: 60_000 });

describe("a JavaScript context", () => {
  let kernel: KernelProcess;
  let count = 0;
  const open = (): void => {
    kernel = new KernelProcess(javascript);
    count = 0;
  };
  const run = (code: string, interruptAt?: string) => {
    count += 1;
    return kernel.inContext(code, count, interruptAt === undefined ? undefined : interrupt(interruptAt));
  };
  const value = async (code: string): Promise<unknown> => (await run(code)).value?.["text/plain"];
  const interrupt = (marker: string) => async (): Promise<void> => {
    await kernel.printed(marker);
    kernel.interrupt();
  };
  afterEach(() => kernel.kill());

  test("keeps every kind of declaration, which may be declared again", async () => {
    open();
    await run("const a = 1; let b = 2; var c = 3; class D {} function e() { return a + b + c }");
    expect(await value("e()")).toBe("6");
    expect(await value("const a = 10; let b = 20; class D { f() { return 1 } }; e() + new D().f()")).toBe(
      "34",
    );
    expect(await value("_")).toBe("34");
  });

  test("awaits, imports and requires at the top level", async () => {
    open();
    expect(await value("const x = await new Promise((r) => setTimeout(r, 5, 'later')); x")).toBe("'later'");
    expect(
      await value(
        "import fs, { existsSync as e } from 'node:fs';\nimport * as p from 'path'\n;[fs.existsSync === e, p.sep]",
      ),
    ).toBe("[ true, '/' ]");
    expect(await value("(await import('node:path')).sep + x + 'import(1)'")).toBe("'/laterimport(1)'");
    expect(await value("require('path').sep")).toBe("'/'");
    expect(await run("1")).toMatchObject({ stderr: "" });
  });

  test("goes on after errors, which name the run they come from", async () => {
    open();
    await run("function f() {\n  throw new TypeError('no');\n}");
    const failed = await run("var kept = 1;\nf()");
    expect(failed.exitCode).toBe(1);
    expect(failed.error).toMatchObject({ name: "TypeError", message: "no", line: 2 });
    expect(failed.stderr).toBe("TypeError: no\n    at f (<run 1>:2:9)\n    at <run 2>:2:1\n");
    expect((await run("\nlet = = 1")).error).toMatchObject({ name: "SyntaxError", line: 2 });
    expect((await run("await Promise.reject(new RangeError('r'))")).error).toMatchObject({
      name: "RangeError",
      line: 1,
    });
    expect((await run("throw 5")).error).toMatchObject({ message: "5" });
    expect(await value("kept")).toBe("1");
  });

  test.each([
    ["a loop", "console.log('go'); while (true) {}"],
    ["an await", "console.log('go'); await new Promise(() => {})"],
    [
      "a loop after a timer",
      "await new Promise((r) => setTimeout(r, 5)); console.log('go'); while (true) {}",
    ],
    [
      "a loop in a timer",
      "setTimeout(() => { console.log('go'); for (;;); }, 1); await new Promise(() => {})",
    ],
    [
      "a loop after reading a file",
      "await require('fs').promises.readFile('/etc/passwd'); console.log('go'); for (;;) { try { null.x } catch {} }",
    ],
    ["a loop after an await", "await null; console.log('go'); while (true) {}"],
    [
      "a loop that catches everything",
      "console.log('go'); while (true) { try { JSON.parse('{') } catch {} }",
    ],
  ])("is interrupted in %s and keeps its state", async (_name, code) => {
    open();
    await run("const kept = 7");
    const result = await run(code, "go");
    expect(result.exitCode).toBe(130);
    expect(result.error?.name).toBe("KeyboardInterrupt");
    expect(await value("kept")).toBe("7");
  });

  test("survives process.exit and late errors", async () => {
    open();
    expect(await run("process.exit(4)")).toMatchObject({ exitCode: 4, error: undefined });
    const late = await run(
      "setTimeout(() => { throw new Error('late') }, 1); await new Promise((r) => setTimeout(r, 20)); 'on'",
    );
    expect(late).toMatchObject({ exitCode: 0 });
    expect(late.stderr).toContain("Error: late");
    expect(await value("1")).toBe("1");
  });

  test("tells of an error after the end of a run in the next", async () => {
    open();
    const started = await run(
      "setTimeout(() => {\n  process.nextTick(() => console.log('failed'));\n  throw new Error('later');\n}, 20); 'started'",
    );
    expect(started).toMatchObject({ stderr: "", exitCode: 0 });
    await kernel.printed("failed");
    const next = await run("1 + 1");
    expect(next).toMatchObject({ exitCode: 0, error: undefined, value: { "text/plain": "2" } });
    expect(next.stderr).toMatch(
      /^<run 1>:3\n {2}throw new Error\('later'\);\n {2}\^\n\nError: later\n {4}at .*<run 1>:3:9\)?\n/,
    );
    expect(await run("3")).toMatchObject({ stderr: "" });
    await run(
      "setTimeout(() => { Promise.reject(new RangeError('r')); setTimeout(() => console.log('rejected'), 1) }, 20)",
    );
    await kernel.printed("rejected");
    expect((await run("4")).stderr).toContain(
      "Uncaught RangeError: r\n    at Timeout.<anonymous> (<run 4>:1:",
    );
    await run(
      "let n = 0; const t = setInterval(() => { n += 1; if (n === 30) { clearInterval(t); console.log('thirty') } throw n }, 1)",
    );
    await kernel.printed("thirty");
    const many = await run("5");
    expect(many.stderr.match(/^Uncaught \d+$/gm)).toHaveLength(20);
    expect(many.stderr).toMatch(/\n… 10 more errors after the last run had ended\n$/);
  });

  test.each([
    ["1; Promise.reject(new TypeError('lost')); 2"],
    ["async function main() { await null; throw new TypeError('lost') }\nvoid main(); 2"],
    ["await new Promise((r) => setTimeout(r, 5)); Promise.reject(new TypeError('lost')); 2"],
  ])("tells of a rejected promise in its own run: %j", async (code) => {
    open();
    const result = await run(code);
    expect(result).toMatchObject({ exitCode: 0, value: { "text/plain": "2" } });
    expect(result.stderr).toMatch(/^Uncaught TypeError: lost\n {4}at .*<run 1>:1:\d+\)?\n$/);
    expect(await run("'on'")).toMatchObject({ stderr: "", value: { "text/plain": "'on'" } });
  });

  test("lets timers run between runs, and ends when the host closes its side", async () => {
    open();
    await run(
      "let ticks = 0; const timer = setInterval(() => { ticks += 1; if (ticks === 3) console.log('three ticks') }, 1)",
    );
    await kernel.printed("three ticks");
    kernel.closeJobs();
    expect(await kernel.end()).toMatchObject({ exitCode: 0 });
  });

  test("has values of every kind", async () => {
    open();
    expect(await value("10n ** 20n")).toBe("100000000000000000000n");
    expect(await value("-0")).toBe("-0");
    expect(await value("NaN")).toBe("NaN");
    expect(await value("Symbol('s')")).toBe("Symbol(s)");
    expect(await value("new Map([[1, { a: 2 }]])")).toBe("Map(1) { 1 => { a: 2 } }");
    expect((await run("undefined")).value).toBeUndefined();
    expect((await run("({ a: [1] })")).value?.["application/json"]).toEqual({ a: [1] });
  });
});
