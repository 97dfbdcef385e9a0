import { afterEach, describe, expect, test, vi } from "vitest";
import { KernelProcess, nodeIsAtLeast, runScript } from "../kernel-process.ts";
import { typescript } from "./index.ts";

vi.setConfig({ testTimeout: 60_000 });

const run = (code: string) => runScript(typescript, code);

const available = nodeIsAtLeast(22, 13);
// Before, Node does not tell where a syntax error is.
const precise = nodeIsAtLeast(22, 15);

test.skipIf(available)("TypeScript says which Node it needs", async () => {
  const result = await run("const x: number = 1");
  expect(result).toMatchObject({ exitCode: 1, stdout: "" });
  expect(result.error?.message).toMatch(/needs Node 22\.13 or newer/);
});

describe.skipIf(!available)("a TypeScript program", () => {
  test("runs without its types and keeps its lines", async () => {
    const code =
      "interface Point {\n  x: number;\n}\nconst p: Point = { x: 1 };\nfunction f<T>(v: T): never {\n  throw new Error(String(v as unknown));\n}\nconsole.log(p.x);\nf<string>('no');";
    const result = await run(code);
    expect(result).toMatchObject({ stdout: "1\n", exitCode: 1 });
    expect(result.error).toMatchObject({ message: "no", line: 6 });
  });

  test("has a value", async () => {
    expect((await run("const x: number = 41;\nx + 1 as number")).value?.["application/json"]).toBe(42);
  });

  test("may have enums and namespaces, and errors keep their lines", async () => {
    const result = await run(
      "enum E {\n  A = 3,\n}\nnamespace N { export const b = 4 }\nconsole.log(E.A, N.b);\nthrow new Error('e');",
    );
    expect(result.stdout).toBe("3 4\n");
    expect(result.error).toMatchObject({ message: "e", line: 6 });
  });

  test("may be a module", async () => {
    const result = await run(
      "import { sep, type ParsedPath } from 'node:path';\nconst s: string = await Promise.resolve(sep);\nconsole.log(s);",
    );
    expect(result).toMatchObject({ stdout: "/\n", stderr: "", exitCode: 0 });
  });

  test.each([
    ["import type { ParsedPath } from 'node:path';\nexport const q: number = 1;\n(q + 1) as number", 2],
    ["const y: number = await Promise.resolve(7); y satisfies number;", 7],
    ["enum E { A = 3 }\nimport 'node:fs';\nE.A", 3],
  ])("has the value of its last expression as a module: %j", async (code, value) => {
    const result = await run(code);
    expect(result).toMatchObject({ stderr: "", exitCode: 0 });
    expect(result.value?.["application/json"]).toBe(value);
  });

  test.skipIf(!precise)("with a syntax error says where", async () => {
    const result = await run("const a = 1;\nconst x: = 5;\n");
    expect(result.exitCode).toBe(1);
    expect(result.error).toMatchObject({ name: "SyntaxError", line: 2 });
    expect(result.stderr).toContain("const x: = 5;");
    expect(result.stderr).not.toContain("llm-sandbox-kernel");
  });
});

describe.skipIf(!available)("a TypeScript context", () => {
  let kernel: KernelProcess;
  afterEach(() => kernel.kill());

  test("keeps its state over runs with types", async () => {
    kernel = new KernelProcess(typescript);
    await kernel.inContext("type A = { a: number }; const x: A = { a: 1 }; enum E { B = 5 }", 1);
    const second = await kernel.inContext("(x satisfies A).a + E.B", 2);
    expect(second.value?.["text/plain"]).toBe("6");
    const failed = await kernel.inContext("enum F {\n  C\n}\nthrow new Error('f')", 3);
    expect(failed.error).toMatchObject({ line: 4 });
    expect((await kernel.inContext("let y: = 1", 4)).error).toMatchObject({
      name: "SyntaxError",
      ...(precise && { line: 1 }),
    });
  });
});
