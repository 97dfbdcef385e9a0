import { expect, test } from "vitest";
import { SandboxSession } from "../session.ts";
import { encodeEnd } from "../stream/frame.ts";
import { ScriptedAgent, dataFrame, scriptedRuntime } from "../testing/scripted-agent.ts";

interface Played {
  readonly agent: ScriptedAgent;
  readonly session: SandboxSession;
  /** Answers a process that printed something and ended. */
  process(stderr: string, exitCode: number): Promise<Readonly<Record<string, unknown>>>;
}

async function played(): Promise<Played> {
  const agent = new ScriptedAgent();
  agent.hello();
  const session = await SandboxSession.open({ runtime: scriptedRuntime(agent), lang: "cpp" });
  return {
    agent,
    session,
    async process(stderr, exitCode) {
      const operation = await agent.operation("spawn");
      const { channel } = operation;
      if (stderr !== "") agent.send(dataFrame(channel, 2, stderr));
      agent.send(encodeEnd(channel, 1), encodeEnd(channel, 2));
      const bytes = { 1: 0, 2: Buffer.byteLength(stderr) };
      agent.result(channel, { reason: "exited", exitCode, signal: null, wallMs: 5, bytes });
      return operation;
    },
  };
}

async function answerFiles(
  { agent }: Played,
  name: "write" | "remove",
): Promise<Readonly<Record<string, unknown>>> {
  for (;;) {
    const operation = await agent.operation();
    agent.result(operation.channel, operation["op"] === "stat" ? noSuchFile : {});
    if (operation["op"] === name) return operation;
  }
}

const noSuchFile = { error: { code: "ENOENT", message: "no such file" } };

test("a build that fails is the result: CompileError with the user's line, and the folder is removed", async () => {
  const box = await played();
  const running = box.session.run("int main() { return x; }");
  const { path } = await answerFiles(box, "write");
  const folder = String(path).replace(/\/[^/]*$/, "");
  await box.process(
    `main.cpp: In function 'int main()':\nmain.cpp:1:21: error: 'x' was not declared\nIn ${folder}/main.cpp\n`,
    1,
  );
  expect((await answerFiles(box, "remove"))["path"]).toBe(folder);
  const result = await running;
  expect(result).toMatchObject({
    status: "failed",
    exitCode: 1,
    error: { name: "CompileError", message: "main.cpp:1:21: error: 'x' was not declared", line: 1 },
  });
  expect(result.stderr).not.toContain(folder);
});

test("a toolchain that is not there says what the image lacks", async () => {
  const box = await played();
  const running = box.session.run("int main() {}");
  running.catch(() => {});
  await answerFiles(box, "write");
  const { channel } = await box.agent.operation("spawn");
  box.agent.result(channel, noSuchFile);
  await answerFiles(box, "remove");
  await expect(running).rejects.toMatchObject({ code: "LANGUAGE_UNAVAILABLE" });
});

test("a program that fails after a good build is no CompileError, and both times count", async () => {
  const box = await played();
  const running = box.session.run("int main() { return 3; }");
  await answerFiles(box, "write");
  await box.process("warning: unused\n", 0);
  await box.process("my error\n", 3);
  await answerFiles(box, "remove");
  expect(await running).toMatchObject({
    status: "failed",
    exitCode: 3,
    error: null,
    stderr: "my error\n",
    durationMs: 10,
  });
});

test("an abort during the build cancels the whole run", async () => {
  const box = await played();
  const controller = new AbortController();
  const running = box.session.run("int main() {}", { signal: controller.signal });
  await answerFiles(box, "write");
  const { channel } = await box.agent.operation("spawn");
  controller.abort();
  box.agent.result(channel, { reason: "cancelled", exitCode: null, signal: "SIGKILL", bytes: {} });
  await answerFiles(box, "remove");
  expect(await running).toMatchObject({ status: "cancelled", error: null });
});
