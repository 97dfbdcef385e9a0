import { afterEach, expect, test, vi } from "vitest";
import type { SandboxError } from "../errors.ts";
import { ScriptedAgent, dataFrame, helloFrame } from "../testing/scripted-agent.ts";
import { Connection } from "./connection.ts";
import { FrameType, encodeCredit, encodeEnd, encodeFrame, encodeJson } from "./frame.ts";

afterEach(() => {
  vi.useRealTimers();
});

interface Opened {
  readonly agent: ScriptedAgent;
  readonly connection: Connection;
  /** What the connection was lost for. */
  readonly lost: Promise<SandboxError>;
}

async function open(hello: object = {}): Promise<Opened> {
  const agent = new ScriptedAgent();
  const lost = Promise.withResolvers<SandboxError>();
  agent.hello(hello);
  const connection = await Connection.open(agent.stream, {
    hello: {},
    timeoutMs: 60_000,
    onLost: lost.resolve,
  });
  return { agent, connection, lost: lost.promise };
}

test("both sides say HELLO, the host first with its version and window", async () => {
  const agent = new ScriptedAgent();
  const opening = Connection.open(agent.stream, { hello: { workspace: "/w" }, timeoutMs: 60_000 });
  const hello = await agent.next(FrameType.hello);
  expect(JSON.parse(Buffer.from(hello.payload).toString())).toEqual({
    version: 1,
    window: 4_194_304,
    workspace: "/w",
  });
  agent.hello({ mode: "same-uid" });
  const connection = await opening;
  expect(connection.agent["mode"]).toBe("same-uid");
  expect(connection.failure).toBeUndefined();
});

const frame = (type: number, channel: number, payload: Uint8Array | string): Buffer =>
  encodeFrame(type, channel, Buffer.from(payload as Uint8Array));
const deep = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
const tooLong = Buffer.from("001000010700000001", "hex");

// Each is sent after HELLO, while channel 1 is open.
const violations: Readonly<Record<string, readonly Uint8Array[]>> = {
  "a frame type that does not exist": [frame(13, 1, "")],
  "type 0": [frame(0, 0, "")],
  "a payload over the limit": [tooLong],
  "a DATA frame over the limit": [Buffer.from("000100020300000001", "hex")],
  "a channel that was never open": [dataFrame(3, 1, "x")],
  "a result for an unknown channel": [frame(FrameType.result, 9, "{}")],
  "an event for an unknown channel": [frame(FrameType.event, 9, "{}")],
  "data on channel 0": [dataFrame(0, 1, "x")],
  "OPEN, which is the host's": [frame(FrameType.open, 1, "{}")],
  "CONTROL, which is the host's": [frame(FrameType.control, 1, "{}")],
  "CLOSE, which is the host's": [frame(FrameType.close, 1, "")],
  "PING, which is the host's": [frame(FrameType.ping, 0, Buffer.alloc(8))],
  "a second HELLO": [helloFrame()],
  "a PONG that nobody asked for": [frame(FrameType.pong, 0, Buffer.alloc(8))],
  "data without a stream": [frame(FrameType.data, 1, "")],
  "data without data": [frame(FrameType.data, 1, Uint8Array.of(1))],
  "data on stream 0": [dataFrame(1, 0, "x")],
  "data on stream 4": [dataFrame(1, 4, "x")],
  "data beyond the credit": Array.from({ length: 65 }, () => dataFrame(1, 1, Buffer.alloc(65_536))),
  "data after END": [encodeEnd(1, 1), dataFrame(1, 1, "x")],
  "END twice": [encodeEnd(1, 2), encodeEnd(1, 2)],
  "END of stream 7": [encodeEnd(1, 7)],
  "an END frame of two bytes": [frame(FrameType.end, 1, Uint8Array.of(1, 1))],
  "credit beyond the window": [encodeCredit(1, 0, 1)],
  "credit of 4 GiB": [encodeCredit(1, 0, 0xffff_ffff)],
  "credit of nothing": [encodeCredit(1, 0, 0)],
  "credit for a stream that takes no data": [encodeCredit(1, 1, 1)],
  "a CREDIT frame of four bytes": [frame(FrameType.credit, 1, Uint8Array.of(0, 0, 0, 1))],
  "too many events": [
    Buffer.concat(Array.from({ length: 10_001 }, () => frame(FrameType.event, 1, '{"event":"x"}'))),
  ],
  "an event that is no JSON": [frame(FrameType.event, 1, "{")],
  "a result that is no object": [frame(FrameType.result, 1, "[]")],
  "a result that is not UTF-8": [frame(FrameType.result, 1, Uint8Array.of(0x22, 0xff, 0x22))],
  "a result that is nested too deep": [frame(FrameType.result, 1, deep)],
  "a result twice": [frame(FrameType.result, 1, "{}"), frame(FrameType.result, 1, "{}")],
  "an event after the result": [frame(FrameType.result, 1, "{}"), frame(FrameType.event, 1, "{}")],
  "credit after the result": [frame(FrameType.result, 1, "{}"), encodeCredit(1, 0, 1)],
  "a GOODBYE that is no JSON": [frame(FrameType.goodbye, 0, "bye")],
};

test.each(Object.entries(violations))("%s breaks the protocol", async (_name, frames) => {
  const { agent, connection, lost } = await open();
  // A consumer that never takes anything, so that no credit is granted again.
  connection.request({ op: "x" }, { onData: () => new Promise(() => {}) });
  const other = connection.request({ op: "y" });
  agent.send(...frames.slice(0, -1));
  agent.send(frames.at(-1)!);
  const error = await lost;
  expect(error).toMatchObject({ code: "PROTOCOL_ERROR" });
  expect(connection.failure).toBe(error);
  expect(agent.stream.destroyed).toBe(true);
  await expect(other.result).rejects.toBe(error);
  expect(() => connection.request({ op: "z" })).toThrow(error);
});

test.each([
  ["another version", helloFrame({ version: 2 })],
  ["no version", helloFrame({ version: undefined })],
  ["no window", helloFrame({ window: undefined })],
  ["a window of 0", helloFrame({ window: 0 })],
  ["a window of 1 TiB", helloFrame({ window: 2 ** 40 })],
  ["a window and a half", helloFrame({ window: 5_000.5 })],
  ["a HELLO that is no object", frame(FrameType.hello, 0, "5")],
  ["a PONG first", frame(FrameType.pong, 0, Buffer.alloc(8))],
  ["a RESULT first", frame(FrameType.result, 1, "{}")],
  ["text, as of a shell", Buffer.from("bash: agent: not found\n")],
])("%s in place of HELLO rejects with PROTOCOL_ERROR", async (_name, bytes) => {
  const agent = new ScriptedAgent();
  agent.send(bytes);
  const opening = Connection.open(agent.stream, { hello: {}, timeoutMs: 60_000 });
  await expect(opening).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
  expect(agent.stream.destroyed).toBe(true);
});

test("a violation in one piece with HELLO leaves a connection that has failed", async () => {
  const agent = new ScriptedAgent();
  agent.send(helloFrame(), helloFrame());
  const connection = await Connection.open(agent.stream, { hello: {}, timeoutMs: 60_000 });
  expect(connection.failure).toMatchObject({ code: "PROTOCOL_ERROR" });
});

test("an agent that says GOODBYE or ends instead of HELLO is a lost box", async () => {
  const leaving = new ScriptedAgent();
  leaving.sendJson(FrameType.goodbye, 0, { reason: "version", supported: [1] });
  await expect(Connection.open(leaving.stream, { hello: {}, timeoutMs: 60_000 })).rejects.toMatchObject({
    code: "BOX_LOST",
  });
  const ending = new ScriptedAgent();
  ending.end();
  await expect(Connection.open(ending.stream, { hello: {}, timeoutMs: 60_000 })).rejects.toMatchObject({
    code: "BOX_LOST",
  });
});

test("an agent that does not answer in time rejects, and the stream is destroyed", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const agent = new ScriptedAgent();
  const opening = Connection.open(agent.stream, { hello: {}, timeoutMs: 5_000 });
  opening.catch(() => {});
  await vi.advanceTimersByTimeAsync(4_999);
  expect(agent.stream.destroyed).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await expect(opening).rejects.toMatchObject({ code: "BOX_START_FAILED" });
  expect(agent.stream.destroyed).toBe(true);
});

test("aborting before and during the greeting rejects with the signal's reason", async () => {
  const reason = new Error("changed my mind");
  const before = new ScriptedAgent();
  const signal = AbortSignal.abort(reason);
  await expect(Connection.open(before.stream, { hello: {}, timeoutMs: 60_000, signal })).rejects.toBe(reason);
  const during = new ScriptedAgent();
  const controller = new AbortController();
  const opening = Connection.open(during.stream, {
    hello: {},
    timeoutMs: 60_000,
    signal: controller.signal,
  });
  await during.next(FrameType.hello);
  controller.abort(reason);
  await expect(opening).rejects.toBe(reason);
  expect(during.stream.destroyed).toBe(true);
});

test("channels count up and are acknowledged after their result", async () => {
  const { agent, connection } = await open();
  const first = connection.request({ op: "stat", path: "/a" });
  const second = connection.request({ op: "stat", path: "/b" });
  expect([(await agent.operation()).channel, (await agent.operation()).channel]).toEqual([1, 2]);
  agent.result(2, { second: true });
  agent.result(1, { first: true });
  expect({ ...(await first.result) }).toEqual({ first: true });
  expect({ ...(await second.result) }).toEqual({ second: true });
  expect([(await agent.next(FrameType.close)).channel, (await agent.next(FrameType.close)).channel]).toEqual([
    2, 1,
  ]);
});

test("what an operation sends after its end is dropped", async () => {
  const { agent, connection } = await open();
  const channel = connection.request({ op: "x" });
  agent.result(1, {});
  await channel.result;
  await channel.write(0, Buffer.from("late"));
  channel.end(0);
  channel.control({ op: "cancel" });
  await agent.settled();
  expect([FrameType.data, FrameType.end, FrameType.control].map((type) => agent.count(type))).toEqual([
    0, 0, 0,
  ]);
});

test("a quiet box is pinged; one that does not answer three times is lost", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const { agent, connection, lost } = await open();
  await vi.advanceTimersByTimeAsync(10_000);
  const ping = await agent.next(FrameType.ping);
  expect(ping.payload).toHaveLength(8);
  agent.send(encodeFrame(FrameType.pong, 0, ping.payload));
  await agent.settled();
  for (let round = 0; round < 3; round += 1) {
    await vi.advanceTimersByTimeAsync(10_000);
    expect(connection.failure).toBeUndefined();
  }
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await lost).toMatchObject({ code: "BOX_LOST" });
  expect(vi.getTimerCount()).toBe(0);
});

test("a PONG that is not as long as its PING breaks the protocol", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const { agent, lost } = await open();
  await vi.advanceTimersByTimeAsync(10_000);
  agent.send(encodeFrame(FrameType.pong, 0, Buffer.alloc(9)));
  expect(await lost).toMatchObject({ code: "PROTOCOL_ERROR" });
});

test("goodbye ends with the agent's GOODBYE although its stream stays open", async () => {
  const { agent, connection } = await open();
  const pending = connection.request({ op: "x" });
  const leaving = connection.goodbye();
  await agent.next(FrameType.goodbye);
  agent.sendJson(FrameType.goodbye, 0, { reason: "close" });
  await leaving;
  await expect(pending.result).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  expect(agent.stream.destroyed).toBe(true);
});

test("goodbye ends also when the stream ends without a word, and at once when the box is lost already", async () => {
  const { agent, connection } = await open();
  const leaving = connection.goodbye();
  await agent.next(FrameType.goodbye);
  agent.end();
  await leaving;
  await connection.goodbye();
  expect(connection.failure).toMatchObject({ code: "SESSION_CLOSED" });
});

test.each([
  ["lifetime", "maximum lifetime"],
  ["heartbeat", "heard nothing"],
  ["__proto__", '"__proto__"'],
])("GOODBYE for %s says so", async (reason, words) => {
  const { agent, lost } = await open();
  agent.sendJson(FrameType.goodbye, 0, { reason });
  const error = await lost;
  expect(error.code).toBe("BOX_LOST");
  expect(error.message).toContain(words);
});

test("a stream that breaks rejects everything with BOX_LOST and its cause", async () => {
  const { agent, connection, lost } = await open();
  const channel = connection.request({ op: "x" });
  const cause = new Error("ECONNRESET");
  agent.stream.destroy(cause);
  const error = await lost;
  expect(error).toMatchObject({ code: "BOX_LOST", cause });
  await expect(channel.result).rejects.toBe(error);
  await expect(channel.write(0, Buffer.from("x"))).rejects.toBe(error);
});

test("errors that are not the protocol's are returned by judge as they are", async () => {
  const { agent, connection } = await open();
  const error = new Error("mine");
  expect(connection.judge(error)).toBe(error);
  expect(connection.failure).toBeUndefined();
  agent.send(encodeJson(FrameType.event, 5, {}));
});
