import { afterEach, expect, test, vi } from "vitest";
import { SandboxSession } from "../session.ts";
import { FrameType, encodeCredit, encodeEnd } from "../stream/frame.ts";
import { memory } from "../testing/memory.ts";
import { ScriptedAgent, dataFrame, scriptedRuntime } from "../testing/scripted-agent.ts";
import { graceMs } from "./guard.ts";

afterEach(() => {
  vi.useRealTimers();
});

const open = (limits: object = {}): Promise<SandboxSession> =>
  SandboxSession.open({ runtime: memory(), ...(limits as { limits?: object }) });

test("what was written is read, listed, looked at, moved and removed", async () => {
  await using session = await open();
  const { files } = session;
  await files.writeFile("a/b/text.txt", "héllo", { mode: 0o600 });
  await files.writeFile("/workspace/bytes.bin", Uint8Array.of(0, 255));
  expect(await files.readText("a/b/text.txt")).toBe("héllo");
  expect([...(await files.readFile("bytes.bin"))]).toEqual([0, 255]);
  await files.writeFile("bytes.bin", Uint8Array.of(7), { append: true });
  expect(await files.stat("bytes.bin")).toMatchObject({ type: "file", size: 3 });
  await files.makeDirectory("empty/inner");
  await files.makeDirectory("empty/inner");
  expect((await files.list()).map(({ path, type }) => `${type} ${path}`)).toEqual([
    "directory a",
    "file bytes.bin",
    "directory empty",
  ]);
  expect((await files.list("a", { recursive: true })).map((entry) => entry.path)).toEqual([
    "b",
    "b/text.txt",
  ]);
  expect(await files.stat("a/b/text.txt")).toMatchObject({ mode: 0o600, size: 6 });
  await files.rename("a/b/text.txt", "moved.txt");
  expect([await files.exists("a/b/text.txt"), await files.exists("moved.txt")]).toEqual([false, true]);
  expect(await files.exists("moved.txt/below")).toBe(false);
  await files.remove("moved.txt");
  await files.remove("moved.txt", { missingOk: true });
  await files.remove("a", { recursive: true });
  expect((await files.list()).map((entry) => entry.path)).toEqual(["bytes.bin", "empty"]);
});

test("a large file goes in and out whole, in pieces", async () => {
  await using session = await open();
  const pieces = Array.from({ length: 50 }, (_, at) => Buffer.alloc(100_003, at));
  await session.files.writeFile(
    "large",
    (async function* () {
      yield* pieces;
    })(),
  );
  const content = await session.files.readFile("large");
  expect(Buffer.compare(content, Buffer.concat(pieces))).toBe(0);
});

test.each([
  ["a missing file", (s: SandboxSession) => s.files.readFile("none"), "FILE_NOT_FOUND"],
  ["a folder as a file", (s: SandboxSession) => s.files.readFile("folder"), "NOT_A_FILE"],
  ["a file as a folder", (s: SandboxSession) => s.files.list("file"), "NOT_A_DIRECTORY"],
  ["a path through a file", (s: SandboxSession) => s.files.writeFile("file/x", "x"), "NOT_A_DIRECTORY"],
  ["a path that climbs", (s: SandboxSession) => s.files.readFile("a/../../etc/passwd"), "PATH_OUTSIDE"],
  ["a path outside", (s: SandboxSession) => s.files.writeFile("/etc/passwd", "x"), "PERMISSION_DENIED"],
  ["a folder that is not empty", (s: SandboxSession) => s.files.remove("folder"), "FILE_ERROR"],
  ["a missing file to remove", (s: SandboxSession) => s.files.remove("none"), "FILE_NOT_FOUND"],
  ["more than maxBytes", (s: SandboxSession) => s.files.readFile("file", { maxBytes: 1 }), "FILE_TOO_LARGE"],
  ["more than maxEntries", (s: SandboxSession) => s.files.list(".", { maxEntries: 1 }), "FILE_TOO_LARGE"],
  ["a full disk", (s: SandboxSession) => s.files.writeFile("x", Buffer.alloc(1_100_000)), "DISK_FULL"],
] as const)("%s has a code of its own", async (_name, act, code) => {
  await using session = await open({ limits: { diskBytes: 1_048_576 } });
  await session.files.writeFile("file", "content");
  await session.files.writeFile("folder/file", "content");
  await expect(act(session)).rejects.toMatchObject({ name: "SandboxError", code });
  expect(await session.files.readText("file")).toBe("content");
});

test.each([[""], ["a\0b"], [5], [null], [undefined], ["\uD800"], [{}]])("%j is no path", async (path) => {
  await using session = await open();
  const { files } = session;
  const bad = path as string;
  for (const act of [
    () => files.readFile(bad),
    () => files.writeFile(bad, "x"),
    () => files.list(bad === undefined ? (null as unknown as string) : bad),
    () => files.stat(bad),
    () => files.remove(bad),
    () => files.makeDirectory(bad),
    () => files.rename("a", bad),
    () => files.rename(bad, "a"),
  ]) {
    await expect(act()).rejects.toMatchObject({ code: "INVALID_OPTION" });
  }
});

test.each([
  ["readFile", { maxBytes: Number.NaN }],
  ["readFile", { maxBytes: -1 }],
  ["readFile", { maxBytes: "5" }],
  ["readFile", { encoding: "utf8" }],
  ["readFile", { signal: {} }],
  ["list", { maxEntries: 0 }],
  ["list", { recursive: 1 }],
  ["list", null],
  ["stat", { follow: true }],
  ["remove", { force: true }],
  ["remove", { recursive: "yes" }],
  ["makeDirectory", { mode: 0o777 }],
] as const)("%s refuses the options %j", async (name, options) => {
  await using session = await open();
  const method = session.files[name].bind(session.files) as (
    path: string,
    options: unknown,
  ) => Promise<unknown>;
  await expect(method("x", options)).rejects.toMatchObject({ code: "INVALID_OPTION" });
});

test.each([
  ["mode", { mode: 0o7777 }, "x"],
  ["mode", { mode: Number.NaN }, "x"],
  ["append", { append: 1 }, "x"],
  ["an unknown option", { flag: "a" }, "x"],
  ["content", {}, 5],
  ["content", {}, null],
  ["content", {}, ["x"]],
] as const)("writeFile refuses %s that is none", async (_name, options, content) => {
  await using session = await open();
  const writing = session.files.writeFile("x", content as unknown as string, options as object);
  await expect(writing).rejects.toMatchObject({ code: "INVALID_OPTION" });
  expect(await session.files.exists("x")).toBe(false);
});

test("a source that breaks leaves no file, and its error comes out", async () => {
  await using session = await open();
  const error = new Error("source");
  const broken = (async function* () {
    yield Buffer.from("half");
    throw error;
  })();
  await expect(session.files.writeFile("x", broken)).rejects.toBe(error);
  expect(await session.files.exists("x")).toBe(false);
  const text = (async function* () {
    yield "text" as unknown as Uint8Array;
  })();
  await expect(session.files.writeFile("x", text)).rejects.toMatchObject({ code: "INVALID_OPTION" });
});

test("aborting before and during rejects with the reason; after the end it changes nothing", async () => {
  await using session = await open();
  const reason = new Error("enough");
  const before = AbortSignal.abort(reason);
  await expect(session.files.writeFile("x", "x", { signal: before })).rejects.toBe(reason);
  expect(await session.files.exists("x")).toBe(false);
  const controller = new AbortController();
  const slow = (async function* () {
    yield Buffer.from("half");
    controller.abort(reason);
    await new Promise(() => {});
  })();
  await expect(session.files.writeFile("x", slow, { signal: controller.signal })).rejects.toBe(reason);
  expect(await session.files.exists("x")).toBe(false);
  const late = new AbortController();
  await session.files.writeFile("x", "x", { signal: late.signal });
  late.abort();
  expect(await session.files.readText("x")).toBe("x");
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

test("an agent that sends more than it was asked for is not believed", async () => {
  const { agent, session } = await played();
  const reading = session.files.readFile("x", { maxBytes: 10 });
  const { channel } = await agent.operation("read");
  agent.send(dataFrame(channel, 1, "x".repeat(11)));
  expect(JSON.parse(Buffer.from((await agent.next(FrameType.control)).payload).toString())).toEqual({
    op: "cancel",
  });
  agent.result(channel, { bytes: 11 });
  await expect(reading).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
});

test("an agent that does not end a cancelled operation loses its box", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { agent, session, destroyed } = await played();
  const controller = new AbortController();
  const reading = session.files.readFile("x", { signal: controller.signal });
  reading.catch(() => {});
  await agent.operation("read");
  controller.abort();
  await vi.advanceTimersByTimeAsync(graceMs);
  await expect(reading).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
  expect(destroyed()).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});

test.each([
  ["an unknown type", { path: "x", type: "door" }],
  ["no path", { type: "file" }],
  ["a negative size", { path: "x", type: "file", size: -1 }],
  ["a list for a path", { path: ["x"], type: "file" }],
])("an entry with %s breaks the protocol", async (_name, entry) => {
  const { agent, session, destroyed } = await played();
  const looking = session.files.stat("x");
  agent.result((await agent.operation("stat")).channel, entry);
  await expect(looking).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
  expect(destroyed()).toBe(1);
});

test("a list that is no JSON breaks the protocol", async () => {
  const { agent, session, destroyed } = await played();
  const listing = session.files.list();
  const { channel } = await agent.operation("list");
  agent.send(dataFrame(channel, 1, "{}\nnot json\n"), encodeEnd(channel, 1));
  agent.result(channel, { entries: 2 });
  await expect(listing).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
  expect(destroyed()).toBe(1);
});

test.each([
  [{ code: "__proto__", message: "x" }, "FILE_ERROR"],
  [{ code: "EWEIRD", message: "something odd" }, "FILE_ERROR"],
  [{ code: "ENOENT" }, "PROTOCOL_ERROR"],
  [{ message: "x" }, "PROTOCOL_ERROR"],
  ["ENOENT", "PROTOCOL_ERROR"],
  [null, "PROTOCOL_ERROR"],
  [{ code: 5, message: "x" }, "PROTOCOL_ERROR"],
  [{ code: "ENOENT", message: "x".repeat(10_000) }, "FILE_NOT_FOUND"],
])("the error %j of an agent is %s", async (error, code) => {
  const { agent, session } = await played();
  const looking = session.files.stat("x");
  agent.result((await agent.operation("stat")).channel, { error });
  await expect(looking).rejects.toMatchObject({ code });
});

test("an operation that ends early stops a slow upload and tells why", async () => {
  const { agent, session } = await played();
  const source = { closed: false };
  const endless = (async function* () {
    try {
      for (;;) {
        yield Buffer.alloc(10_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      source.closed = true;
    }
  })();
  const writing = session.files.writeFile("x", endless);
  writing.catch(() => {});
  const { channel } = await agent.operation("write");
  agent.send(encodeCredit(channel, 0, 1));
  agent.result(channel, { error: { code: "ENOSPC", message: "no space" } });
  await expect(writing).rejects.toMatchObject({ code: "DISK_FULL" });
  while (!source.closed) await new Promise((resolve) => setImmediate(resolve));
});
