import { expect, test } from "vitest";
import type { Box, BoxSpec, Runtime } from "./runtime.ts";
import { SandboxSession } from "./session.ts";
import { FrameType } from "./stream/frame.ts";
import { memory } from "./testing/memory.ts";
import type { MemoryOptions } from "./testing/memory.ts";
import { ScriptedAgent, dataFrame, helloFrame, scriptedRuntime } from "./testing/scripted-agent.ts";

/** The double, with every box it made. */
function watched(
  options: MemoryOptions = {},
): Runtime & { readonly boxes: Box[]; readonly specs: BoxSpec[] } {
  const runtime = memory(options);
  const boxes: Box[] = [];
  const specs: BoxSpec[] = [];
  return {
    ...runtime,
    boxes,
    specs,
    async launch(spec, launch) {
      const box = await runtime.launch(spec, launch);
      specs.push(spec);
      boxes.push(box);
      return box;
    },
  };
}

const forever = (): Promise<void> => new Promise(() => {});

test("a session that is not open, is opening, or is closed says so", async () => {
  const session = new SandboxSession({ runtime: memory() });
  await expect(session.run("x")).rejects.toMatchObject({ code: "SESSION_NOT_OPEN" });
  await expect(session.files.readFile("x")).rejects.toMatchObject({ code: "SESSION_NOT_OPEN" });
  expect(() => session.createContext()).toThrow(expect.objectContaining({ code: "SESSION_NOT_OPEN" }));
  const opening = session.open();
  await expect(session.open()).rejects.toMatchObject({ code: "INVALID_OPTION" });
  await opening;
  await expect(session.open()).rejects.toMatchObject({ code: "INVALID_OPTION" });
  await session.close();
  await expect(session.run("x")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  await expect(session.executeCommand("x")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  await expect(session.spawn("x")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  await expect(session.copyFromRuntime("x", "y")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  await expect(session.open()).rejects.toMatchObject({ code: "SESSION_CLOSED" });
});

test("close() of a session that never opened, twice and concurrently, is quiet", async () => {
  const session = new SandboxSession({ runtime: memory() });
  await Promise.all([session.close(), session.close()]);
  await session.close();
  await expect(session.open()).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  const other = await SandboxSession.open({ runtime: memory() });
  await Promise.all([other.close(), other.close(), other[Symbol.asyncDispose]()]);
});

test("close() ends the box, and gone() waits until nothing is left", async () => {
  const runtime = watched();
  const session = await SandboxSession.open({ runtime });
  await session.gone();
  expect((await runtime.boxes[0]!.gone).reason).toBe("exited");
  expect(runtime.boxes[0]!.stream.destroyed).toBe(true);
});

test("what is under way at close() rejects with SESSION_CLOSED", async () => {
  const session = await SandboxSession.open({ runtime: memory({ run: forever, command: forever }) });
  const process = await session.spawn(["sleep"]);
  const context = session.createContext();
  const pending = [session.run("x"), session.executeCommand("x"), process.exit, context.run("x")];
  const settled = Promise.allSettled(pending);
  await session.close();
  for (const outcome of await settled) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "SESSION_CLOSED" } });
  }
});

test("close() during open() makes it reject and leaves no box", async () => {
  const runtime = watched();
  const session = new SandboxSession({ runtime });
  const opening = session.open();
  const closing = session.close();
  await expect(opening).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  await closing;
  await session.gone();
  for (const box of runtime.boxes) expect((await box.gone).reason).toMatch(/destroyed|exited/);
});

test("close() while the agent is being greeted, and gone() after it, wait for the box's removal", async () => {
  const agent = new ScriptedAgent();
  const runtime = scriptedRuntime(agent);
  const box = await runtime.launch({} as BoxSpec);
  const destroy = box.destroy.bind(box);
  box.destroy = async () => {
    await agent.settled();
    await destroy();
  };
  const session = new SandboxSession({ runtime });
  const opening = session.open();
  opening.catch(() => {});
  await agent.next(FrameType.hello);
  await session.gone();
  expect(runtime.destroyed).toBe(1);
  await expect(opening).rejects.toMatchObject({ code: "SESSION_CLOSED" });
});

test("aborting open() before, during the launch and during the greeting rejects with the reason", async () => {
  const reason = new Error("not any more");
  const before = watched();
  await expect(SandboxSession.open({ runtime: before, signal: AbortSignal.abort(reason) })).rejects.toBe(
    reason,
  );
  expect(before.boxes).toEqual([]);

  const launching = new AbortController();
  const slow: Runtime = {
    ...memory(),
    launch: (_spec, options) =>
      new Promise((_resolve, reject) => {
        options!.signal!.addEventListener("abort", () => reject(options!.signal!.reason as Error));
        queueMicrotask(() => launching.abort(reason));
      }),
  };
  await expect(SandboxSession.open({ runtime: slow, signal: launching.signal })).rejects.toBe(reason);

  const greeting = new AbortController();
  const agent = new ScriptedAgent();
  const runtime = scriptedRuntime(agent);
  const opening = SandboxSession.open({ runtime, signal: greeting.signal });
  await agent.next(FrameType.hello);
  greeting.abort(reason);
  await expect(opening).rejects.toBe(reason);
  expect(runtime.destroyed).toBe(1);
});

test("a signal that aborts after open() does not end the session", async () => {
  const controller = new AbortController();
  await using session = await SandboxSession.open({ runtime: memory(), signal: controller.signal });
  controller.abort();
  expect(await session.run("x")).toMatchObject({ status: "ok" });
});

test("close() ends on the agent's GOODBYE although the box's stream stays open", async () => {
  const agent = new ScriptedAgent();
  const runtime = scriptedRuntime(agent);
  agent.hello();
  const session = await SandboxSession.open({ runtime, lang: "cpp" });
  const closing = session.close();
  await agent.next(FrameType.goodbye);
  agent.sendJson(FrameType.goodbye, 0, { reason: "close" });
  await closing;
  expect(agent.stream.destroyed).toBe(true);
});

test("a box that dies in the middle of a run gives BOX_LOST, then and later, and is removed", async () => {
  const runtime = watched({
    run: ({ loseBox }) => {
      loseBox();
      return forever();
    },
  });
  const session = await SandboxSession.open({ runtime });
  await expect(session.run("x")).rejects.toMatchObject({ code: "BOX_LOST" });
  await expect(session.run("x")).rejects.toMatchObject({ code: "BOX_LOST" });
  await expect(session.files.list()).rejects.toMatchObject({ code: "BOX_LOST" });
  await session.close();
  await expect(session.run("x")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
});

test("a box that its runtime says is gone is destroyed, also while its stream is still open", async () => {
  const agent = new ScriptedAgent();
  const runtime = scriptedRuntime(agent);
  agent.hello();
  const session = await SandboxSession.open({ runtime });
  const running = session.run("x");
  runtime.vanish({ reason: "killed", exitCode: 137, message: "out of memory" });
  await expect(running).rejects.toMatchObject({ code: "BOX_LOST", details: { exitCode: 137 } });
  await agent.settled();
  expect(runtime.destroyed).toBe(1);
});

test("a box that breaks the protocol is destroyed, and everything rejects with PROTOCOL_ERROR", async () => {
  const agent = new ScriptedAgent();
  const runtime = scriptedRuntime(agent);
  agent.hello();
  const session = await SandboxSession.open({ runtime });
  const running = session.run("x");
  agent.send(dataFrame(99, 1, "x"));
  await expect(running).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
  await agent.settled();
  expect(runtime.destroyed).toBe(1);
  await expect(session.run("x")).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
  await session.gone();
});

test.each([
  ["a second HELLO in one piece with the first", helloFrame(), "PROTOCOL_ERROR"],
  ["data in one piece with HELLO", dataFrame(5, 1, "x"), "PROTOCOL_ERROR"],
])("%s rejects open() and destroys the box", async (_name, extra, code) => {
  for (const lang of ["python", "cpp"]) {
    const agent = new ScriptedAgent();
    const runtime = scriptedRuntime(agent);
    agent.send(Buffer.concat([helloFrame(), extra]));
    await expect(SandboxSession.open({ runtime, lang })).rejects.toMatchObject({ code });
    expect(runtime.destroyed).toBe(1);
  }
});

test("a box that ends before its agent answers could not start, and the agent's last words are told", async () => {
  const silent = new ScriptedAgent();
  silent.end();
  await expect(SandboxSession.open({ runtime: scriptedRuntime(silent) })).rejects.toMatchObject({
    code: "BOX_START_FAILED",
  });
  const agent = new ScriptedAgent();
  const runtime = scriptedRuntime(agent);
  const box = await runtime.launch({} as BoxSpec);
  box.diagnostics = () => "exec format error\n";
  agent.end();
  await expect(SandboxSession.open({ runtime })).rejects.toMatchObject({
    code: "BOX_START_FAILED",
    message: expect.stringContaining("exec format error"),
  });
});

test("a box that cannot be destroyed does not hide why open() failed", async () => {
  const agent = new ScriptedAgent();
  agent.send(Buffer.from("garbage of some length"));
  const runtime = scriptedRuntime(agent);
  const box = await runtime.launch({} as BoxSpec);
  box.destroy = async () => {
    throw new Error("engine hangs");
  };
  await expect(SandboxSession.open({ runtime })).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
});

test("a runtime that rejects makes open() reject with its error, and the session stays closed", async () => {
  const error = new Error("no engine");
  const runtime: Runtime = { ...memory(), launch: async () => Promise.reject(error) };
  const session = new SandboxSession({ runtime });
  await expect(session.open()).rejects.toBe(error);
  await expect(session.open()).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  await session.close();
});

test("a runtime is never asked for what it does not claim", async () => {
  let launches = 0;
  const runtime: Runtime = {
    name: "modest",
    features: { templates: false, networks: ["none"], images: ["language"] },
    launch: async () => {
      launches += 1;
      throw new Error("launched");
    },
  };
  for (const options of [
    { network: "full" },
    { image: "python:3" },
    { dockerfile: "x" },
    { keepTemplate: true },
  ]) {
    const opening = SandboxSession.open({ runtime, ...(options as object) });
    await expect(opening).rejects.toMatchObject({ code: "UNSUPPORTED" });
  }
  expect(launches).toBe(0);
  await expect(SandboxSession.open({ runtime })).rejects.toThrow("launched");
});

test("a snapshot and keepTemplate give a later session the files", async () => {
  const runtime = memory();
  const first = await SandboxSession.open({ runtime, keepTemplate: true });
  await first.files.writeFile("data/a.txt", "kept");
  const snapshot = await first.snapshot({ name: "team/setup:1" });
  expect(snapshot.reference).toBe("team/setup:1");
  await first.files.writeFile("late.txt", "too");
  expect(first.template).toBeUndefined();
  await first.close();
  await using fromSnapshot = await SandboxSession.open({ runtime, image: snapshot.reference });
  expect((await fromSnapshot.files.list(".", { recursive: true })).map((entry) => entry.path)).toEqual([
    "data",
    "data/a.txt",
  ]);
  await using fromTemplate = await SandboxSession.open({ runtime, image: first.template! });
  expect(await fromTemplate.files.readText("late.txt")).toBe("too");
});

test("a template that cannot be kept makes close() reject, and the box is still ended", async () => {
  const runtime = watched();
  const failing: Runtime = {
    ...runtime,
    saveTemplate: async () => {
      throw new Error("disk full");
    },
  };
  const session = await SandboxSession.open({ runtime: failing, keepTemplate: "mine" });
  await expect(session.close()).rejects.toThrow("disk full");
  expect((await runtime.boxes[0]!.gone).reason).toBe("exited");
});

test("templates of a runtime that keeps none are refused with words", async () => {
  const agent = new ScriptedAgent();
  agent.hello();
  const session = await SandboxSession.open({ runtime: scriptedRuntime(agent) });
  await expect(session.snapshot()).rejects.toMatchObject({ code: "UNSUPPORTED" });
});

test("close() says so when the box was lost before its files could be kept", async () => {
  const runtime = memory({
    command: ({ loseBox }) => {
      loseBox();
      return {};
    },
  });
  const session = await SandboxSession.open({ runtime, keepTemplate: true });
  await session.executeCommand("x").catch(() => {});
  await expect(session.close()).rejects.toMatchObject({
    code: "BOX_LOST",
    message: expect.stringContaining("template"),
  });
});

test("a logger that throws does no harm, and is told of runs, commands and the box", async () => {
  const said: string[] = [];
  const complain = (message: string): never => {
    said.push(message);
    throw new Error("the logger is broken");
  };
  const logger = { debug: complain, info: complain, warn: complain };
  await using session = await SandboxSession.open({ runtime: memory(), logger });
  await session.run("1");
  await session.executeCommand("true");
  expect(said.join("\n")).toMatch(/Opened[^]*Ran python: ok[^]*Ran the command[^]*true/);
});
