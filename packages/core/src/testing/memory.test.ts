import { expect, test } from "vitest";
import { SandboxSession } from "../session.ts";
import { memory } from "./index.ts";

test("without scripts, code and commands end well and say nothing", async () => {
  for (const lang of ["python", "typescript", "bash", "java", "go", "ruby"]) {
    await using session = await SandboxSession.open({ lang, runtime: memory() });
    expect(await session.run("public class Main {}")).toMatchObject({
      status: "ok",
      stdout: "",
      language: lang,
    });
    expect(await session.executeCommand("true")).toMatchObject({ status: "ok", exitCode: 0 });
  }
});

test("one script plays code of every language, whole programs too", async () => {
  const runtime = memory({
    run: ({ language, code, argv }) => ({ stdout: `${language} ${code} ${argv.length}` }),
  });
  for (const lang of ["python", "javascript", "typescript", "bash", "java", "cpp", "go", "ruby"]) {
    await using session = await SandboxSession.open({ lang, runtime });
    expect((await session.run("code")).stdout).toBe(`${lang} code 0`);
  }
});

test("scripts and sessions see the same files", async () => {
  const runtime = memory({
    run: ({ files }) => {
      const input = files.read("in.txt").toString();
      files.write("out/plot.png", Buffer.from(input.toUpperCase()));
    },
  });
  await using session = await SandboxSession.open({ runtime });
  await session.files.writeFile("in.txt", "hello");
  await session.run("plot()");
  expect(await session.files.readText("out/plot.png")).toBe("HELLO");
});

test("boxes share nothing", async () => {
  const runtime = memory();
  await using one = await SandboxSession.open({ runtime });
  await using other = await SandboxSession.open({ runtime });
  await one.files.writeFile("mine", "x");
  expect(await other.files.exists("mine")).toBe(false);
});

test("pieces of a generator add up, and what it returns counts too", async () => {
  const runtime = memory({
    async *run() {
      yield { stdout: "a", outputs: [{ "text/html": "<b>" }] };
      yield { stdout: Buffer.from("b"), exitCode: 1 };
      return { stderr: "c", exitCode: 5, error: { name: "E", message: "m" } };
    },
  });
  await using session = await SandboxSession.open({ runtime });
  const result = await session.run("x");
  expect(result).toMatchObject({ stdout: "ab", stderr: "c", exitCode: 5, status: "failed" });
  expect(result.error).toMatchObject({ name: "E", message: "m" });
  expect(result.outputs).toHaveLength(1);
});

test("a command that throws fails with its message", async () => {
  const runtime = memory({
    command: () => {
      throw new Error("not scripted");
    },
  });
  await using session = await SandboxSession.open({ runtime });
  const result = await session.executeCommand("ls");
  expect(result).toMatchObject({ status: "failed", exitCode: 1 });
  expect(result.stderr).toContain("not scripted");
});

test("a stopped script is told by its signal and not waited for", async () => {
  let stopped = false;
  const runtime = memory({
    async *run({ signal }) {
      signal.addEventListener("abort", () => {
        stopped = true;
      });
      yield { stdout: "x" };
      await new Promise(() => {});
    },
  });
  await using session = await SandboxSession.open({ runtime });
  expect(await session.run("x", { timeoutMs: 20 })).toMatchObject({ status: "timed-out", stdout: "x" });
  expect(stopped).toBe(true);
});

test("the box ends at its lifetime", async () => {
  const runtime = memory({ run: () => new Promise(() => {}) });
  await using session = await SandboxSession.open({ runtime, limits: { lifetimeMs: 1_000 } });
  await expect(session.run("x")).rejects.toMatchObject({
    code: "BOX_LOST",
    message: expect.stringContaining("lifetime"),
  });
});

test.each([{ runs: () => {} }, { run: "x" }, { command: 5 }, null])("memory(%j) is refused", (options) => {
  expect(() => memory(options as object)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
});
