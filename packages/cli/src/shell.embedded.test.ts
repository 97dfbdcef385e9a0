import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { controlC, controlD, OnTerminal } from "./testing/command-under-test.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cli-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

const env = { LLM_SANDBOX_RUNTIME: "embedded" };
const shell = (lang: string, more: NodeJS.ProcessEnv = {}): OnTerminal =>
  new OnTerminal(["shell", "--lang", lang], { cwd: folder, env: { ...env, ...more } });

describe.skipIf(process.platform !== "linux")("the shell on a terminal", () => {
  test("brings back what was entered before, and ends with Ctrl-D also while something runs", async () => {
    const terminal = shell("js");
    await terminal.sees(/> $/);
    terminal.type("let x = 40\n");
    await terminal.sees(/> $/);
    terminal.type("x += 1\n");
    await terminal.sees(/\n41\n> $/);
    terminal.type("\u001b[A\n");
    await terminal.sees(/x \+= 1\n42\n> $/);
    terminal.type("await new Promise((r) => setTimeout(r, 500)), 'late'\n");
    terminal.type(controlD);
    expect(await terminal.ends()).toBe(0);
    expect(terminal.raw).toContain("late");
    expect(terminal.raw).not.toContain("llm-sandbox:");
  });

  test("takes a pasted block with empty lines as one", async () => {
    const terminal = shell("python");
    await terminal.sees(/> $/);
    expect(terminal.raw).toContain("\u001b[?2004h");
    terminal.type(
      "\u001b[200~class A:\n  def f(self):\n    return 1\n\n  def g(self):\n    return 2\n\u001b[201~\n",
    );
    await terminal.sees(/> $/);
    terminal.type("A().f() + A().g()\n");
    await terminal.sees(/\n3\n> $/);
    terminal.type(controlD);
    expect(await terminal.ends()).toBe(0);
    expect(terminal.raw.endsWith("\u001b[?2004l")).toBe(true);
  });

  test("Ctrl-C forgets what is being typed and what has begun", async () => {
    const terminal = shell("js");
    await terminal.sees(/> $/);
    terminal.type("nonsense");
    await terminal.sees(/nonsense$/);
    terminal.type(controlC);
    await terminal.sees(/> $/);
    terminal.type("function f() {\n");
    await terminal.sees(/… $/);
    terminal.type(controlC);
    await terminal.sees(/> $/);
    terminal.type("6 * 7\n");
    await terminal.sees(/\n42\n> $/);
    terminal.type("exit\n");
    expect(await terminal.ends()).toBe(0);
  });

  test("Ctrl-C ends a busy loop, and the shell and its files go on", async () => {
    const terminal = shell("python");
    await terminal.sees(/> $/);
    terminal.type("open('kept', 'w').write('still here')\n");
    await terminal.sees(/\n10\n> $/);
    terminal.type("print('busy', flush=True); exec('while True: pass')\n");
    await terminal.sees(/\nbusy\n/);
    terminal.type(controlC);
    await terminal.sees(/what was defined in it is gone[^]*> $/);
    terminal.type("print(open('kept').read())\n");
    await terminal.sees(/\nstill here\n> $/);
    terminal.type(controlD);
    expect(await terminal.ends()).toBe(0);
  });

  test("a paste of thousands of lines comes through", async () => {
    const terminal = shell("js");
    await terminal.sees(/> $/);
    const lines = Array.from({ length: 3_000 }, (_, index) => `n += ${index};`);
    terminal.type(`\u001b[200~let n = 0;\n${lines.join("\n")}\nn\u001b[201~\n`);
    await terminal.sees(/\n4498500\n> $/);
    terminal.type(controlD);
    expect(await terminal.ends()).toBe(0);
  });

  test("has no colours with NO_COLOR, and colours without", async () => {
    for (const [more, colours] of [
      [{ NO_COLOR: "1" }, false],
      [{}, true],
    ] as const) {
      const terminal = shell("js", { NO_COLOR: undefined, ...more });
      await terminal.sees(/> $/);
      terminal.type("throw new Error('red')\n");
      await terminal.sees(/> $/);
      terminal.type(controlD);
      await terminal.ends();
      // oxlint-disable-next-line no-control-regex
      expect(/\u001b\[\d*m/.test(terminal.raw)).toBe(colours);
    }
  });
});
