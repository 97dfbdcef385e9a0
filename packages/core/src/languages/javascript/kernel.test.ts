import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { KernelProcess, type KernelRunOptions, nodeIsAtLeast, runScript } from "../kernel-process.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { javascript } from "./index.ts";

vi.setConfig({ testTimeout: 60_000 });

const run = (code: string, options?: KernelRunOptions) => runScript(javascript, code, options);

describe("a JavaScript program", () => {
  test("prints, and its last expression is its value", async () => {
    const result = await run("console.log('é😀');\nconst x = { a: [1, 'b', null] };\nx");
    expect(result).toMatchObject({ stdout: "é😀\n", stderr: "", exitCode: 0 });
    expect(result.value).toEqual({
      "text/plain": "{ a: [ 1, 'b', null ] }",
      "application/json": { a: [1, "b", null] },
    });
  });

  test("has the value of a promise once it is there, and none for undefined or a timer", async () => {
    const promised = await run("async function main() { return 6 * 7 }\nmain()");
    expect(promised.value?.["text/plain"]).toBe("42");
    expect((await run("console.log(1)")).value).toBeUndefined();
    expect((await run("setTimeout(() => {}, 1)")).value).toBeUndefined();
  });

  test("is a CommonJS module with its own names and modules beside it", async () => {
    const cwd = temporaryFolder("kernel-");
    writeFileSync(join(cwd, "beside.js"), "exports.value = 'found'");
    const code = [
      "const fs = require('fs'), path = require('node:path');",
      "console.log(__filename, __dirname, process.argv.slice(1), require('./beside').value);",
      "console.log(require.main === module, typeof exports, process.execArgv.length, fs.existsSync(__filename));",
      "module.exports = path.sep;",
    ].join("\n");
    const result = await run(code, { cwd, argv: ["--flag", "é"], filename: "tool.js" });
    expect(result.stderr).toBe("");
    expect(result.stdout).toBe(
      `${cwd}/tool.js ${cwd} [ '${cwd}/tool.js', '--flag', 'é' ] found\ntrue object 0 false\n`,
    );
  });

  test("may declare names that Node or the kernel has", async () => {
    const code =
      "const fs = 1, path = 2, require = 3, module = 4, display = 5, process = 6, Buffer = 7, URL = 8;\nfs + display";
    expect((await run(code)).value?.["text/plain"]).toBe("6");
    expect((await run("typeof os")).value?.["text/plain"]).toBe("'undefined'");
  });

  test("fails as Node prints it, in the user's frames only", async () => {
    const result = await run(
      "function f(x) {\n  throw new TypeError('no ' + x);\n}\nconsole.log('before');\nf(1);\n",
    );
    expect(result).toMatchObject({ stdout: "before\n", exitCode: 1 });
    expect(result.error).toMatchObject({ name: "TypeError", message: "no 1", line: 2 });
    const stack = result.stderr.replace(/\/\S*\/main\.js/g, "main.js");
    expect(stack).toMatch(
      /^main\.js:2\n {2}throw new TypeError\('no ' \+ x\);\n {2}\^\n\nTypeError: no 1\n {4}at f \(main\.js:2:9\)\n {4}at main\.js:5:1\n\nNode\.js v/,
    );
  });

  test.each([
    ["a rejected promise", "\nPromise.reject(new RangeError('r'))", "RangeError", 2],
    ["an error in a timer", "setTimeout(() => {\n  throw new Error('t')\n}, 1)", "Error", 2],
    ["an error in an async function", "async function f() {\n  await 0;\n  null.x }\nf()", "TypeError", 3],
    ["a syntax error", "let a = 1;\nlet = = 2;", "SyntaxError", 2],
    ["a thrown string", "throw 'text'", "Error", undefined],
    ["an error in a module", "import 'node:fs';\n\nthrow new URIError('m')", "URIError", 3],
    ["a syntax error in a module", "import 'node:fs';\nlet = = 2;", "SyntaxError", 2],
    ["a missing module", "import x from './missing.js';", "Error", undefined],
  ])("fails with exit code 1 after %s", async (_name, code, name, line) => {
    const result = await run(code);
    expect(result.exitCode).toBe(1);
    expect(result.error).toMatchObject({ name, ...(line === undefined ? {} : { line }) });
    expect(result.stderr).not.toContain("llm-sandbox-kernel");
    expect(result.messages.filter((message) => message.type === "error")).toHaveLength(1);
  });

  test("handles its own uncaught errors", async () => {
    const result = await run(
      "process.on('uncaughtException', (e) => { console.log('mine', e.message); process.exit(9) });\nnull.x",
    );
    expect(result).toMatchObject({ exitCode: 9, stderr: "" });
    expect(result.stdout).toMatch(/^mine Cannot read/);
  });

  test.each([
    ["process.exit(7)", 7],
    ["process.exitCode = 3", 3],
    ["process.exit()", 0],
    ["if (true) return;\nprocess.exit(1)", 0],
  ])("ends with the exit code of %j", async (code, exitCode) => {
    expect(await run(code)).toMatchObject({ exitCode, stderr: "" });
  });

  test("loses no output when it exits at once", async () => {
    const result = await run(
      "process.stdout.write('x'.repeat(3_000_000)); process.stderr.write('y'.repeat(300_000)); process.exit(0)",
    );
    expect(result.stdout).toHaveLength(3_000_000);
    expect(result.stderr).toHaveLength(300_000);
  });

  test("runs its event loop to the end", async () => {
    const code = [
      "const server = require('http').createServer((_, r) => r.end('hello')).listen(0, '127.0.0.1', () => {",
      "  fetch(`http://127.0.0.1:${server.address().port}`).then((r) => r.text()).then((t) => { console.log(t); server.close(); server.closeAllConnections?.() })",
      "});",
      "process.on('exit', () => console.log('exit'));",
    ].join("\n");
    expect(await run(code)).toMatchObject({ stdout: "hello\nexit\n", exitCode: 0 });
  });

  test("reads standard input", async () => {
    expect(
      await run("console.log(require('fs').readFileSync(0, 'utf8').toUpperCase())", { stdin: "abc" }),
    ).toMatchObject({
      stdout: "ABC\n",
    });
    expect(
      await run("for await (const chunk of process.stdin) console.log(String(chunk))", { stdin: "abc" }),
    ).toMatchObject({ stdout: "abc\n", exitCode: 0 });
  });

  test("is a module when it is written as one, without a file of its own", async () => {
    const cwd = temporaryFolder("kernel-");
    writeFileSync(join(cwd, "beside.mjs"), "export const count = 2; export default 'd';");
    const code = [
      "import one, { count } from './beside.mjs';",
      "import * as path from 'node:path';",
      "const { sep } = await import('node:path');",
      "const later = (await import('./beside.mjs')).default;",
      "console.log(one, count, path.sep === sep, later, import.meta.url, typeof require('fs').existsSync);",
      "export const unused = 1;",
    ].join("\n");
    const result = await run(code, { cwd });
    expect(result.stderr).toBe("");
    expect(result.stdout).toBe(`d 2 true d file://${cwd}/main.js function\n`);
    expect(readdirSync(cwd)).toEqual(["beside.mjs"]);
  });

  test.each([
    ["import fs from 'node:fs'; 5", "5"],
    ["await 5", "5"],
    ["const y = await Promise.resolve(7); y", "7"],
    ["export const q = 1; q", "1"],
    ["import.meta.url.slice(0, 7)", "'file://'"],
    ["#!/usr/bin/env node\nimport 'node:fs';\n\n// the sum; of both\n[1, 2]; // done;\n", "[ 1, 2 ]"],
    ["await 0;\nconst a = 4;\n`${a};\n${a}`", "'4;\\n4'"],
    ["await 0\nlet a = 1\n++a", "2"],
    [
      "await 0;\n[[1, () => {\n  return 2;\n}]]\n  .map(([one, two]) => {\n    return one + two();\n  })",
      "[ 3 ]",
    ],
    ["await 0; (1, 2);", "2"],
    ["async function main() { return 6 * 7 }\nexport {};\nmain()", "42"],
    // Not the last expression, but part of another statement.
    ["await 0\nconst a = String\n(5)", undefined],
    ["await 0\nconst a = [[7]]\n[0]", undefined],
    ["await 0\nconst a = 1\n-1", undefined],
    ["await 0\nconst a = 6\n/3/1", undefined],
    ["await 0\nconst a = String.raw\n`x`", undefined],
    ["const a = await 1 // a; 5", undefined],
    ["await 0\nif (false) 1; else\n2", undefined],
    ["await 0\n{ a: 1 }", undefined],
    ["await 0\nfunction f() {}", undefined],
    ["await 0\nfor (const a of [1]) {\n  a;\n}", undefined],
  ])("has the value of its last expression as a module: %j", async (code, value) => {
    const result = await run(code);
    expect(result).toMatchObject({ stdout: "", stderr: "", exitCode: 0 });
    expect(result.value?.["text/plain"]).toBe(value);
  });

  test("as a module shows the line of an error in its last expression as it was written", async () => {
    const result = await run("import 'node:fs';\n\nnull.x;\n");
    expect(result.stderr.replace(/\S*\/main\.js/g, "main.js")).toMatch(
      /^main\.js:3\nnull\.x\n {5}\^\n\nTypeError: .*\n {4}at main\.js:3:6\n/,
    );
    for (const [code, column] of [
      ["await null.x", 12],
      ["import 'node:fs'; missing; await 5", 19],
      ["import 'node:fs'; JSON.parse('{')", 24],
    ] as const) {
      const { stderr, exitCode } = await run(`process.on('exit', (code) => console.log(code)); ${code}`);
      expect(exitCode).toBe(1);
      const [place, line, caret, ...rest] = stderr.replace(/\S*\/main\.js/g, "main.js").split("\n");
      expect([place, line]).toEqual([
        "main.js:1",
        `process.on('exit', (code) => console.log(code)); ${code}`,
      ]);
      expect(caret).toBe(`${" ".repeat(49 + column - 1)}^`);
      expect(rest.join("\n")).toMatch(
        new RegExp(`^\n\\w+Error: [^]*main\\.js:1:${49 + column}\n[^]*\nNode\\.js v`),
      );
      expect(stderr).not.toContain("sandbox");
    }
    const handled = await run("process.on('uncaughtException', (e) => console.log(e.message)); await null.x");
    expect(handled).toMatchObject({ exitCode: 0, stderr: "" });
    const promised = await run("import 'node:fs';\nPromise.reject(new RangeError('r'))");
    expect(promised).toMatchObject({ exitCode: 1, value: undefined, error: { name: "RangeError", line: 2 } });
    const own = await run(
      "await 0;\nconst names = Object.getOwnPropertyNames(globalThis);\nglobalThis.last = 1;\nqueueMicrotask(() => console.log(Object.getOwnPropertyNames(globalThis).filter((name) => name.includes('sandbox'))))",
    );
    expect(own.stdout).toBe("[]\n");
  });

  // Older Nodes cannot load a module from memory themselves: what stands in for it copies the exports.
  test.skipIf(!nodeIsAtLeast(22, 15))("sees a module's exports change", async () => {
    const cwd = temporaryFolder("kernel-");
    writeFileSync(join(cwd, "m.mjs"), "export let count = 1; export const grow = () => (count += 1);");
    const code = "import { count, grow } from './m.mjs';\ngrow();\nconsole.log(count);";
    expect(await run(code, { cwd })).toMatchObject({ stdout: "2\n", stderr: "" });
  });

  test("may await and require side by side, and import in a plain script", async () => {
    expect(
      await run("const fs = require('fs');\nconsole.log(await Promise.resolve(typeof fs.existsSync))"),
    ).toMatchObject({
      stdout: "function\n",
      stderr: "",
    });
    expect(await run("import('node:path').then((p) => console.log(p.sep))")).toMatchObject({
      stdout: "/\n",
      stderr: "",
    });
    expect(await run("await new Promise(() => {})")).toMatchObject({ exitCode: 13 });
  });

  test("starts processes that know nothing of the kernel", async () => {
    const code = [
      "const { execFileSync, fork } = require('child_process');",
      "console.log(execFileSync('sh', ['-c', 'readlink /proc/self/fd/3 || true']).toString().trim());",
      "console.log(execFileSync(process.execPath, ['-p', '1 + 1']).toString().trim());",
    ].join("\n");
    const [third, sum] = (await run(code)).stdout.split("\n");
    expect(third).not.toContain("socket");
    expect(sum).toBe("2");
  });

  test("may be a megabyte long", async () => {
    expect(await run(`${"x = 1; // 0123456789\n".repeat(50_000)}console.log('end')`)).toMatchObject({
      stdout: "end\n",
      exitCode: 0,
    });
  });

  test("ends by an interrupt as Node does", async () => {
    const kernel = new KernelProcess(javascript);
    kernel.send("console.log('ready'); while (true) {}", "script");
    await kernel.printed("ready");
    kernel.interrupt();
    expect(await kernel.end()).toMatchObject({ exitCode: null, signal: "SIGINT" });
  });
});

describe("values of JavaScript", () => {
  test("are shown by media type", async () => {
    const code = [
      "display({ a: 1 });",
      "display.html('<b>b</b>');",
      "display.json([1]);",
      "display.png(Buffer.from('png'));",
      "display.markdown('*m*')",
    ].join("\n");
    expect((await run(code)).displays).toEqual([
      { "text/plain": "{ a: 1 }", "application/json": { a: 1 } },
      { "text/html": "<b>b</b>" },
      { "application/json": [1] },
      { "image/png": Buffer.from("png").toString("base64") },
      { "text/markdown": "*m*" },
    ]);
  });

  test("are JSON only where JSON keeps everything", async () => {
    for (const code of [
      "NaN",
      "new Map()",
      "new Date(0)",
      "() => 1",
      "10n",
      "[undefined]",
      "({ a: Symbol('s') })",
    ]) {
      expect((await run(`(${code})`)).value, code).not.toHaveProperty("application/json");
    }
  });

  test("are bounded however large they are", async () => {
    for (const code of [
      "'x'.repeat(5e6)",
      "Array.from({ length: 1e6 }, (_, i) => i)",
      "const a = {}; a.a = a; a",
    ]) {
      const result = await run(code);
      expect(result, code).toMatchObject({ exitCode: 0, stderr: "" });
      expect(String(result.value?.["text/plain"]).length, code).toBeLessThan(50_000);
    }
  });
});
