import { afterEach, expect, test, vi } from "vitest";
import { SandboxSession } from "../session.ts";
import { FrameType, encodeEnd } from "../stream/frame.ts";
import { ScriptedAgent, scriptedRuntime } from "../testing/scripted-agent.ts";

// Time stands still: nothing is started ahead for want of something to do.
vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
afterEach(() => {
  vi.clearAllTimers();
});

async function openSession(): Promise<{ agent: ScriptedAgent; session: SandboxSession }> {
  const agent = new ScriptedAgent();
  agent.hello();
  return { agent, session: await SandboxSession.open({ runtime: scriptedRuntime(agent), lang: "python" }) };
}

async function endRun(agent: ScriptedAgent): Promise<Readonly<Record<string, unknown>>> {
  const spawn = await agent.operation("spawn");
  for (const stream of [1, 2, 3]) agent.send(encodeEnd(spawn.channel, stream));
  agent.result(spawn.channel, { reason: "exited", exitCode: 0, signal: null, wallMs: 5, bytes: {} });
  return spawn;
}

test("a session that is closed as soon as its run has ended starts nothing more", async () => {
  const { agent, session } = await openSession();
  const running = session.run("import numpy");
  await endRun(agent);
  await running;
  const closing = session.close();
  await agent.next(FrameType.goodbye);
  await agent.settled();
  expect(agent.count(FrameType.open)).toBe(0);
  agent.end();
  await closing;
});

test("after a run, what the next is quicker from is started while the session waits", async () => {
  const { agent, session } = await openSession();
  const running = session.run("import numpy");
  await endRun(agent);
  await running;
  expect(await agent.operation()).toMatchObject({ op: "prepare", name: "python" });
  expect(await agent.operation()).toMatchObject({ op: "prepare", name: "python-science" });
  agent.end();
  await session.close();
});

test("a run that follows at once is asked for after what later ones are quicker from", async () => {
  const { agent, session } = await openSession();
  const both = session.run("1").then(() => session.run("2"));
  await endRun(agent);
  expect(await agent.operation()).toMatchObject({ op: "prepare", name: "python" });
  expect(await endRun(agent)).toMatchObject({ from: "python" });
  await both;
  agent.end();
  await session.close();
});
