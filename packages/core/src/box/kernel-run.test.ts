import { expect, test } from "vitest";
import { python } from "../languages/python/index.ts";
import { SandboxSession } from "../session.ts";
import { encodeEnd } from "../stream/frame.ts";
import { ScriptedAgent, scriptedRuntime } from "../testing/scripted-agent.ts";

test("the kernel is sent until the agent has it, and then left out", async () => {
  const agent = new ScriptedAgent();
  agent.hello();
  const session = await SandboxSession.open({ runtime: scriptedRuntime(agent), lang: "python" });
  const { argv } = python.kernel!;

  const run = async (): Promise<Readonly<Record<string, unknown>>> => {
    const running = session.run("print(1)");
    const spawn = await agent.operation("spawn");
    for (const stream of [1, 2, 3]) agent.send(encodeEnd(spawn.channel, stream));
    agent.result(spawn.channel, { reason: "exited", exitCode: 0, signal: null, wallMs: 5, bytes: {} });
    await running;
    return spawn;
  };

  // A run that comes before anything is prepared brings its own.
  expect(await run()).toMatchObject({ argv });
  expect(await agent.operation("prepare")).toMatchObject({ name: "python", argv });
  const later = await run();
  expect(later).toMatchObject({ from: "python" });
  expect(later).not.toHaveProperty("argv");
  const closing = session.close();
  agent.end();
  await closing;
});
