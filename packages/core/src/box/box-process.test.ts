import { buffer, text } from "node:stream/consumers";
import { afterEach, expect, test, vi } from "vitest";
import { SandboxSession } from "../session.ts";
import { FrameType, encodeEnd } from "../stream/frame.ts";
import { memory } from "../testing/memory.ts";
import type { MemoryOptions } from "../testing/memory.ts";
import { ScriptedAgent, dataFrame, scriptedRuntime } from "../testing/scripted-agent.ts";

afterEach(() => {
  vi.useRealTimers();
});

const open = (command: NonNullable<MemoryOptions["command"]>): Promise<SandboxSession> =>
  SandboxSession.open({ runtime: memory({ command }) });

const forever = ({ signal }: { readonly signal: AbortSignal }): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

test("output comes as streams, and exit tells how it ended", async () => {
  await using session = await open(() => ({ stdout: "out", stderr: "err", exitCode: 3 }));
  await using process = await session.spawn(["x"]);
  expect(process.pid).toBeGreaterThan(0);
  expect(await Promise.all([text(process.stdout), text(process.stderr)])).toEqual(["out", "err"]);
  expect(await process.exit).toMatchObject({ status: "failed", exitCode: 3, signal: null });
});

test("standard input is open when asked for, and at its end otherwise", async () => {
  await using session = await open(async ({ stdin }) => ({ stdout: await buffer(stdin) }));
  await using cat = await session.spawn(["cat"], { stdin: true });
  const output = text(cat.stdout);
  cat.stdin.write("one ");
  cat.stdin.write(Buffer.alloc(1_000_000, "x"));
  cat.stdin.end("two");
  expect(await output).toBe(`one ${"x".repeat(1_000_000)}two`);
  await using closed = await session.spawn(["cat"]);
  expect(closed.stdin.writableEnded).toBe(true);
  expect(await text(closed.stdout)).toBe("");
});

test("output waits in the box until it is read", async () => {
  let sent = 0;
  const flowing = Promise.withResolvers<void>();
  await using session = await open(async function* () {
    for (; sent < 500; sent += 1) {
      if (sent === 5) flowing.resolve();
      yield { stdout: Buffer.alloc(65_536, "x") };
    }
  });
  await using process = await session.spawn(["yes"]);
  await flowing.promise;
  for (let round = 0; round < 200; round += 1) await new Promise((resolve) => setImmediate(resolve));
  // The credit, and what the streams between the ends hold.
  expect(sent).toBeLessThan(100);
  expect((await buffer(process.stdout)).length).toBe(500 * 65_536);
  expect(await process.exit).toMatchObject({ status: "ok" });
});

test("exit comes for small output that nobody reads, which can still be read later", async () => {
  await using session = await open(() => ({ stdout: "small" }));
  await using process = await session.spawn(["x"]);
  expect(await process.exit).toMatchObject({ status: "ok" });
  expect(await text(process.stdout)).toBe("small");
});

test("destroying an output early lets the process run to its end", async () => {
  await using session = await open(async function* () {
    for (let round = 0; round < 100; round += 1) yield { stdout: Buffer.alloc(65_536), stderr: "e" };
  });
  await using process = await session.spawn(["x"]);
  process.stdout.destroy();
  expect(await text(process.stderr)).toBe("e".repeat(100));
  expect(await process.exit).toMatchObject({ status: "ok" });
});

test("leaving a loop over the output early lets the process run to its end", async () => {
  await using session = await open(async function* () {
    for (let round = 0; round < 100; round += 1) yield { stdout: Buffer.alloc(65_536) };
  });
  await using process = await session.spawn(["x"]);
  for await (const chunk of process.stdout) {
    expect(chunk).toBeInstanceOf(Buffer);
    break;
  }
  expect(await process.exit).toMatchObject({ status: "ok" });
});

test("a signal goes to the process; without a name everything is killed", async () => {
  await using session = await open(forever);
  await using polite = await session.spawn(["x"]);
  polite.kill("SIGTERM");
  expect(await polite.exit).toMatchObject({ status: "failed", exitCode: null, signal: "SIGTERM" });
  await using rough = await session.spawn(["x"]);
  rough.kill();
  expect(await rough.exit).toMatchObject({ status: "cancelled" });
  rough.kill();
});

test.each([["TERM"], ["sigterm"], [9], [null], ["SIG"], ["SIGTERM; rm"]])(
  "%j is no signal",
  async (signal) => {
    await using session = await open(forever);
    await using process = await session.spawn(["x"]);
    expect(() => process.kill(signal as never)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  },
);

test("a time limit and an abort end it; an abort before starts nothing", async () => {
  await using session = await open(forever);
  await using limited = await session.spawn(["x"], { timeoutMs: 20 });
  expect(await limited.exit).toMatchObject({ status: "timed-out" });
  const controller = new AbortController();
  await using aborted = await session.spawn(["x"], { signal: controller.signal });
  controller.abort();
  expect(await aborted.exit).toMatchObject({ status: "cancelled" });
  const reason = new Error("no");
  await expect(session.spawn(["x"], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test("disposing kills it, with output that nobody read", async () => {
  await using session = await open(async function* ({ signal }) {
    while (!signal.aborted) yield { stdout: Buffer.alloc(65_536) };
  });
  const process = await session.spawn(["x"]);
  await process[Symbol.asyncDispose]();
  expect(await process.exit).toMatchObject({ status: "cancelled" });
});

test("a program that is not there rejects spawn", async () => {
  await using session = await open(() => {
    throw Object.assign(new Error("no such file"), { code: "ENOENT" });
  });
  await expect(session.spawn(["frobnicate"])).rejects.toMatchObject({
    code: "COMMAND_NOT_FOUND",
    message: expect.stringContaining("frobnicate"),
  });
});

test.each([
  { stdin: "text" },
  { timeoutMs: 0 },
  { signal: 5 },
  { env: { "A-B": "x" } },
  { cwd: "../up" },
  { onOutput() {} },
  null,
])("spawn refuses %j", async (options) => {
  await using session = await open(forever);
  await expect(session.spawn(["x"], options as object)).rejects.toMatchObject({ name: "SandboxError" });
});

async function played(): Promise<{
  readonly agent: ScriptedAgent;
  readonly session: SandboxSession;
  readonly destroyed: () => number;
}> {
  const agent = new ScriptedAgent();
  agent.hello();
  const runtime = scriptedRuntime(agent);
  const session = await SandboxSession.open({ runtime, lang: "cpp" });
  return { agent, session, destroyed: () => runtime.destroyed };
}

test("a box that dies rejects exit and breaks the streams, also when nobody listens to them", async () => {
  const { agent, session } = await played();
  const starting = session.spawn(["x"], { stdin: true });
  const { channel } = await agent.operation("spawn");
  agent.sendJson(FrameType.event, channel, { event: "started", pid: 5 });
  const process = await starting;
  expect(process.pid).toBe(5);
  const reading = text(process.stdout);
  reading.catch(() => {});
  agent.end();
  await expect(process.exit).rejects.toMatchObject({ code: "BOX_LOST" });
  await expect(reading).rejects.toMatchObject({ code: "BOX_LOST" });
  process.stdin.write("late");
  await agent.settled();
});

test("a process that ends without having started breaks the protocol, unless it was cancelled", async () => {
  const { agent, session } = await played();
  const reason = new Error("not any more");
  const controller = new AbortController();
  const cancelling = session.spawn(["x"], { signal: controller.signal });
  cancelling.catch(() => {});
  const cancelled = await agent.operation("spawn");
  controller.abort(reason);
  agent.result(cancelled.channel, { reason: "cancelled", exitCode: null, signal: "SIGKILL", bytes: {} });
  await expect(cancelling).rejects.toBe(reason);
  const starting = session.spawn(["x"]);
  const { channel } = await agent.operation("spawn");
  agent.result(channel, { reason: "exited", exitCode: 0, signal: null, bytes: {} });
  await expect(starting).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
});

test.each([
  ["no reason", { exitCode: 0 }],
  ["a reason that does not exist", { reason: "__proto__", exitCode: 0 }],
  ["an exit code that is text", { reason: "exited", exitCode: "0" }],
  ["a negative exit code", { reason: "exited", exitCode: -1 }],
  ["a signal that is a number", { reason: "exited", exitCode: null, signal: 9 }],
  ["fewer bytes than were sent", { reason: "exited", exitCode: 0, bytes: { 1: 2 } }],
  ["more bytes than were sent", { reason: "exited", exitCode: 0, bytes: { 1: 4 } }],
  ["no bytes", { reason: "exited", exitCode: 0 }],
  ["bytes that are no object", { reason: "exited", exitCode: 0, bytes: 3 }],
])("an end with %s breaks the protocol", async (_name, end) => {
  for (const start of ["spawn", "executeCommand"] as const) {
    const { agent, session, destroyed } = await played();
    const running = start === "spawn" ? session.spawn(["x"]) : session.executeCommand(["x"]);
    running.catch(() => {});
    const { channel } = await agent.operation("spawn");
    agent.sendJson(FrameType.event, channel, { event: "started", pid: 5 });
    agent.send(dataFrame(channel, 1, "abc"), encodeEnd(channel, 1), encodeEnd(channel, 2));
    const ended = start === "spawn" ? (await (running as ReturnType<typeof session.spawn>)).exit : running;
    agent.result(channel, end);
    await expect(ended).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
    expect(destroyed()).toBe(1);
  }
});

test("an agent that does not keep a time limit, or a cancel, loses its box", async () => {
  for (const how of ["timeout", "abort"]) {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { agent, session, destroyed } = await played();
    const controller = new AbortController();
    const running = session.executeCommand(["x"], { timeoutMs: 1_000, signal: controller.signal });
    running.catch(() => {});
    await agent.operation("spawn");
    if (how === "abort") controller.abort();
    await vi.advanceTimersByTimeAsync(how === "abort" ? 5_000 : 6_000);
    await expect(running).rejects.toMatchObject({ code: "BOX_LOST" });
    expect(destroyed()).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  }
});

test("a run that ends in time leaves no timer", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { agent, session } = await played();
  const running = session.executeCommand(["x"]);
  const { channel } = await agent.operation("spawn");
  agent.result(channel, { reason: "exited", exitCode: 0, signal: null, bytes: {} });
  expect(await running).toMatchObject({ status: "ok" });
  expect(vi.getTimerCount()).toBe(0);
});

test.each(["kill()", "SIGKILL", "the time limit", "the signal"])(
  "output that nobody reads does not hold up the end of a process that was ended by %s",
  async (how) => {
    await using session = await open(async function* ({ signal }) {
      while (!signal.aborted) yield { stdout: Buffer.alloc(65_536) };
      yield { endedBy: "SIGKILL" };
    });
    const abort = new AbortController();
    const process = await session.spawn(["x"], {
      ...(how === "the time limit" ? { timeoutMs: 50 } : {}),
      signal: abort.signal,
    });
    if (how === "kill()") process.kill();
    if (how === "SIGKILL") process.kill("SIGKILL");
    if (how === "the signal") abort.abort();
    expect(await process.exit).toMatchObject({ signal: "SIGKILL" });
    // What had come is still there to be read.
    let bytes = 0;
    for await (const chunk of process.stdout) bytes += (chunk as Buffer).length;
    expect(bytes).toBeGreaterThan(65_536);
  },
);

test("only signals that exist can be sent", async () => {
  await using session = await open(forever);
  await using process = await session.spawn(["x"]);
  expect(() => process.kill("SIGNOPE" as "SIGTERM")).toThrow(/not the name of a signal/);
});
