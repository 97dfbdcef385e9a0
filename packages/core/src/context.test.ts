import { afterEach, expect, test, vi } from "vitest";
import { SandboxSession } from "./session.ts";
import { FrameType, encodeEnd } from "./stream/frame.ts";
import { memory } from "./testing/memory.ts";
import type { MemoryRun } from "./testing/memory-script.ts";
import { ScriptedAgent, dataFrame, scriptedRuntime } from "./testing/scripted-agent.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** A script that counts in its state; at the code "wait" it says that it waits, and does until it is interrupted. */
function counter(): { readonly run: (run: MemoryRun) => Promise<object>; waiting(): Promise<void> } {
  let told = Promise.withResolvers<void>();
  return {
    async run(run) {
      if (run.code === "wait") {
        told.resolve();
        await new Promise<void>((resolve) => {
          run.signal.addEventListener("abort", () => resolve(), { once: true });
        });
        return {};
      }
      const runs = ((run.state["runs"] as number | undefined) ?? 0) + 1;
      run.state["runs"] = runs;
      return { stdout: `${run.code} ${runs}\n`, value: String(runs) };
    },
    async waiting() {
      await told.promise;
      told = Promise.withResolvers();
    },
  };
}

test("runs of one context share their state, others do not", async () => {
  const script = counter();
  await using session = await SandboxSession.open({ runtime: memory({ run: script.run }) });
  const context = session.createContext();
  const other = session.createContext();
  expect(await context.run("a")).toMatchObject({ status: "ok", exitCode: 0, stdout: "a 1\n", value: "1" });
  expect(await context.run("b")).toMatchObject({ stdout: "b 2\n", value: "2" });
  expect(await other.run("c")).toMatchObject({ value: "1" });
  expect(await session.run("d")).toMatchObject({ value: "1" });
});

test("runs take turns, in the order they were asked for", async () => {
  const script = counter();
  await using session = await SandboxSession.open({ runtime: memory({ run: script.run }) });
  const context = session.createContext();
  const results = await Promise.all(["a", "b", "c"].map((code) => context.run(code)));
  expect(results.map((result) => result.stdout)).toEqual(["a 1\n", "b 2\n", "c 3\n"]);
});

test("a failing run is a result, and the state stays", async () => {
  const script = counter();
  await using session = await SandboxSession.open({
    runtime: memory({
      run: (run) => {
        if (run.code === "fail") throw new TypeError("no");
        return script.run(run);
      },
    }),
  });
  const context = session.createContext();
  await context.run("a");
  const failed = await context.run("fail");
  expect(failed).toMatchObject({
    status: "failed",
    exitCode: 1,
    error: { name: "TypeError", message: "no" },
  });
  expect(await context.run("b")).toMatchObject({ value: "2", error: null });
});

test("an interrupted run ends with its error, and the context goes on", async () => {
  const script = counter();
  await using session = await SandboxSession.open({ runtime: memory({ run: script.run }) });
  const context = session.createContext();
  await context.run("a");
  const running = context.run("wait", { onOutput: () => {} });
  await script.waiting();
  context.interrupt();
  expect(await running).toMatchObject({
    status: "failed",
    exitCode: 130,
    error: { name: "KeyboardInterrupt" },
  });
  expect(await context.run("b")).toMatchObject({ status: "ok", value: "2" });
});

test("a time limit and an abort interrupt the run and keep the context", async () => {
  const script = counter();
  await using session = await SandboxSession.open({ runtime: memory({ run: script.run }) });
  const context = session.createContext();
  expect(await context.run("wait", { timeoutMs: 20 })).toMatchObject({ status: "timed-out", exitCode: 130 });
  await script.waiting();
  const controller = new AbortController();
  const running = context.run("wait", { signal: controller.signal });
  await script.waiting();
  controller.abort();
  expect(await running).toMatchObject({ status: "cancelled" });
  expect(await context.run("x", { signal: AbortSignal.abort() })).toMatchObject({
    status: "cancelled",
    stdout: "",
  });
  expect(await context.run("b")).toMatchObject({ status: "ok" });
});

test("a closed context, and one whose session is closed, say so", async () => {
  const script = counter();
  const session = await SandboxSession.open({ runtime: memory({ run: script.run }) });
  const context = session.createContext();
  await context.run("a");
  await Promise.all([context.close(), context.close()]);
  expect(context.open).toBe(false);
  await expect(context.run("b")).rejects.toMatchObject({ code: "CONTEXT_CLOSED" });
  const other = session.createContext();
  await session.close();
  await expect(other.run("b")).rejects.toMatchObject({ code: "SESSION_CLOSED" });
});

test("closing during a run ends it as cancelled, and those that wait with CONTEXT_CLOSED", async () => {
  const script = counter();
  await using session = await SandboxSession.open({ runtime: memory({ run: script.run }) });
  const context = session.createContext();
  const running = context.run("wait");
  const waiting = context.run("b");
  waiting.catch(() => {});
  await script.waiting();
  await context.close();
  expect(await running).toMatchObject({ status: "cancelled" });
  await expect(waiting).rejects.toMatchObject({ code: "CONTEXT_CLOSED" });
});

test("languages that run whole programs have no contexts", async () => {
  await using session = await SandboxSession.open({ lang: "java", runtime: memory() });
  expect(() => session.createContext()).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
});

test.each([
  ["timeoutMs", 0],
  ["timeoutMs", Number.NaN],
  ["timeoutMs", "5"],
  ["signal", {}],
  ["onOutput", 5],
  ["stdin", "x"],
  ["argv", []],
])("a run in a context refuses %s: %j", async (name, value) => {
  await using session = await SandboxSession.open({ runtime: memory() });
  const context = session.createContext();
  await expect(context.run("x", { [name]: value })).rejects.toMatchObject({ code: "INVALID_OPTION" });
});

async function playedContext(): Promise<{
  readonly agent: ScriptedAgent;
  readonly session: SandboxSession;
  readonly context: ReturnType<SandboxSession["createContext"]>;
  readonly channel: number;
  say(...messages: readonly object[]): Buffer;
}> {
  const agent = new ScriptedAgent();
  agent.hello();
  const session = await SandboxSession.open({ runtime: scriptedRuntime(agent), lang: "python" });
  const context = session.createContext();
  const { channel } = await agent.operation("spawn");
  const say = (...messages: readonly object[]): Buffer =>
    dataFrame(channel, 3, messages.map((message) => `${JSON.stringify(message)}\n`).join(""));
  return { agent, session, context, channel, say };
}

test("output that a slow listener has not taken when the run is done still belongs to that run", async () => {
  const { agent, context, channel, say } = await playedContext();
  const heard: string[] = [];
  const first = context.run("1", {
    onOutput: async ({ text }) => {
      await new Promise((resolve) => setImmediate(resolve));
      heard.push(text);
    },
  });
  await agent.next(FrameType.data);
  agent.send(
    dataFrame(channel, 1, "a"),
    dataFrame(channel, 1, "b"),
    dataFrame(channel, 1, "c"),
    say({ type: "done", id: 1, exitCode: 0 }),
  );
  expect(await first).toMatchObject({ status: "ok", stdout: "abc" });
  expect(heard).toEqual(["a", "b", "c"]);
  const second = context.run("2");
  await agent.next(FrameType.data);
  agent.send(dataFrame(channel, 1, "d"), say({ type: "done", id: 2, exitCode: 0 }));
  expect(await second).toMatchObject({ stdout: "d" });
});

test("a listener that is still busy after the run's time limit does not interrupt the idle process", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { agent, context, channel, say } = await playedContext();
  const release = Promise.withResolvers<void>();
  const running = context.run("1", { timeoutMs: 1_000, onOutput: () => release.promise });
  await agent.next(FrameType.data);
  agent.send(dataFrame(channel, 1, "a"), say({ type: "done", id: 1, exitCode: 0 }));
  await agent.settled();
  await vi.advanceTimersByTimeAsync(60_000);
  release.resolve();
  expect(await running).toMatchObject({ status: "ok", stdout: "a" });
  await agent.settled();
  expect(agent.count(FrameType.control)).toBe(0);
});

test.each(["an abort", "a listener that rejects"])(
  "%s after the run is done does not interrupt the idle process",
  async (what) => {
    const { agent, context, channel, say } = await playedContext();
    const controller = new AbortController();
    const listener = Promise.withResolvers<void>();
    const running = context.run("1", { signal: controller.signal, onOutput: () => listener.promise });
    const settled = Promise.allSettled([running]);
    await agent.next(FrameType.data);
    agent.send(dataFrame(channel, 1, "a"), say({ type: "done", id: 1, exitCode: 0 }));
    await agent.settled();
    if (what === "an abort") controller.abort();
    else listener.reject(new Error("listener"));
    listener.resolve();
    const [outcome] = await settled;
    expect(outcome.status).toBe(what === "an abort" ? "fulfilled" : "rejected");
    await agent.settled();
    expect(agent.count(FrameType.control)).toBe(0);
  },
);

test("a run that ignores interrupts is interrupted twice, then its process is ended", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { agent, context, channel } = await playedContext();
  const running = context.run("while True: pass", { timeoutMs: 1_000 });
  await agent.next(FrameType.data);
  const controls: unknown[] = [];
  for (const milliseconds of [1_000, 1_000, 2_000]) {
    await vi.advanceTimersByTimeAsync(milliseconds);
    controls.push(JSON.parse(Buffer.from((await agent.next(FrameType.control)).payload).toString()));
  }
  const interrupt = { op: "signal", signal: "SIGINT" };
  expect(controls).toEqual([interrupt, interrupt, { op: "cancel" }]);
  agent.send(encodeEnd(channel, 1));
  agent.result(channel, { reason: "cancelled", exitCode: null, signal: "SIGKILL", bytes: {} });
  expect(await running).toMatchObject({ status: "timed-out", exitCode: null });
  await expect(context.run("next")).rejects.toMatchObject({ code: "CONTEXT_CLOSED" });
  expect(vi.getTimerCount()).toBe(0);
});

test("an agent that does not end the process either loses the box", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { agent, context, session } = await playedContext();
  const running = context.run("while True: pass", { timeoutMs: 1_000 });
  running.catch(() => {});
  await agent.next(FrameType.data);
  await vi.advanceTimersByTimeAsync(20_000);
  await expect(running).rejects.toMatchObject({ code: "BOX_LOST" });
  expect(agent.stream.destroyed).toBe(true);
  await expect(session.run("x")).rejects.toMatchObject({ code: "BOX_LOST" });
});

test.each([
  [
    { reason: "exited", exitCode: 3, signal: null },
    { status: "failed", exitCode: 3 },
  ],
  [
    { reason: "exited", exitCode: 0, signal: null },
    { status: "failed", exitCode: 0 },
  ],
  [
    { reason: "exited", exitCode: null, signal: "SIGSEGV" },
    { status: "failed", signal: "SIGSEGV" },
  ],
  [{ reason: "out-of-memory", exitCode: null, signal: "SIGKILL" }, { status: "out-of-memory" }],
])("a process that ends by itself (%j) ends the run and the context", async (end, expected) => {
  const { agent, context, channel } = await playedContext();
  const running = context.run("exit()");
  await agent.next(FrameType.data);
  agent.send(dataFrame(channel, 2, "bye"));
  agent.result(channel, { ...end, bytes: { 2: 3 } });
  expect(await running).toMatchObject({ ...expected, stderr: "bye" });
  expect(context.open).toBe(false);
  await expect(context.run("next")).rejects.toMatchObject({ code: "CONTEXT_CLOSED" });
});

test("an image without the interpreter says what it lacks", async () => {
  const { agent, context, channel } = await playedContext();
  const running = context.run("x");
  agent.result(channel, { error: { code: "ENOENT", message: "no such file" } });
  await expect(running).rejects.toMatchObject({
    code: "LANGUAGE_UNAVAILABLE",
    message: expect.stringContaining("python3"),
  });
});

test("forged messages of the user's code harm nothing but its own run", async () => {
  const { agent, context, channel, say } = await playedContext();
  const running = context.run("x");
  await agent.next(FrameType.data);
  agent.send(
    dataFrame(channel, 3, "garbage\n[1]\n"),
    say({ type: "unheard-of" }, { type: "display", data: 5 }, { type: "done", id: 1, exitCode: 0 }),
    say({ type: "value", data: { "text/plain": "late" } }),
  );
  expect(await running).toMatchObject({ status: "ok" });
  const next = context.run("y");
  await agent.next(FrameType.data);
  agent.send(say({ type: "done", id: 2, exitCode: 0 }));
  expect(await next).toMatchObject({ status: "ok", value: null });
});

test("a run that waits for its turn ends at once when it is cancelled", async () => {
  const script = counter();
  await using session = await SandboxSession.open({ runtime: memory({ run: script.run }) });
  const context = session.createContext();
  const abort = new AbortController();
  const first = context.run("wait");
  await script.waiting();
  const second = context.run("b", { signal: abort.signal });
  abort.abort();
  expect(await second).toMatchObject({ status: "cancelled", exitCode: null });
  context.interrupt();
  await first;
  expect(await context.run("c")).toMatchObject({ stdout: "c 1\n" });
});

test("what is said of another run does not end this one, nor a later one", async () => {
  const { agent, context, channel, say } = await playedContext();
  const first = context.run("1");
  await agent.next(FrameType.data);
  agent.send(say({ type: "done", id: 2, exitCode: 0 }, { type: "done", id: 3, exitCode: 0 }));
  agent.send(dataFrame(channel, 1, "a"), say({ type: "done", id: 1, exitCode: 5 }));
  expect(await first).toMatchObject({ status: "failed", exitCode: 5, stdout: "a" });
  const second = context.run("2");
  await agent.next(FrameType.data);
  agent.send(say({ type: "done", id: 1, exitCode: 0 }), dataFrame(channel, 1, "b"));
  agent.send(say({ type: "done", id: 2, exitCode: 0 }));
  expect(await second).toMatchObject({ status: "ok", stdout: "b" });
});
