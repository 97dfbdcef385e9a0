import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SandboxSession } from "../session.ts";
import { FrameType, encodeEnd } from "../stream/frame.ts";
import { memory } from "../testing/memory.ts";
import { ScriptedAgent, dataFrame, scriptedRuntime } from "../testing/scripted-agent.ts";

let host: string;

beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), "llm-sandbox-copies-"));
});

afterEach(async () => {
  await rm(host, { recursive: true, force: true });
});

const open = (): Promise<SandboxSession> => SandboxSession.open({ runtime: memory() });

async function makeTree(folder: string): Promise<void> {
  await mkdir(join(folder, "sub/empty"), { recursive: true });
  await writeFile(join(folder, "a.txt"), "hello");
  await writeFile(join(folder, "sub/zero"), "");
  await writeFile(join(folder, "sub/é 𝄞.bin"), Buffer.alloc(300_000, 7));
  await chmod(join(folder, "a.txt"), 0o755);
  await symlink("../a.txt", join(folder, "sub/link"));
}

test("a folder goes in and comes out the same", async () => {
  await makeTree(join(host, "from"));
  await using session = await open();
  await session.copyToRuntime(join(host, "from"), "project");
  expect((await session.files.list("project", { recursive: true })).map((entry) => entry.path)).toEqual([
    "a.txt",
    "sub",
    "sub/empty",
    "sub/link",
    "sub/zero",
    "sub/é 𝄞.bin",
  ]);
  await session.copyFromRuntime("project", join(host, "to"));
  expect(await readFile(join(host, "to/a.txt"), "utf8")).toBe("hello");
  expect((await stat(join(host, "to/a.txt"))).mode & 0o777).toBe(0o755);
  expect(await readFile(join(host, "to/sub/é 𝄞.bin"))).toEqual(Buffer.alloc(300_000, 7));
  expect(await readFile(join(host, "to/sub/zero"), "utf8")).toBe("");
  expect(await readlink(join(host, "to/sub/link"))).toBe("../a.txt");
  expect(await readdir(join(host, "to/sub/empty"))).toEqual([]);
});

test("a file takes the destination's name, or keeps its own in a folder", async () => {
  const source = join(host, "a.txt");
  await writeFile(source, "hello");
  await using session = await open();
  await session.files.makeDirectory("there");
  await session.copyToRuntime(source, "b.txt");
  await session.copyToRuntime(source, "there");
  await session.copyToRuntime(source, "new/");
  expect((await session.files.list(".", { recursive: true })).map((entry) => entry.path)).toEqual([
    "b.txt",
    "new",
    "new/a.txt",
    "there",
    "there/a.txt",
  ]);
  await mkdir(join(host, "out"));
  await session.copyFromRuntime("b.txt", join(host, "c.txt"));
  await session.copyFromRuntime("b.txt", join(host, "out"));
  await session.copyFromRuntime("b.txt", `${join(host, "fresh")}/`);
  for (const path of ["c.txt", "out/b.txt", "fresh/b.txt"]) {
    expect(await readFile(join(host, path), "utf8")).toBe("hello");
  }
});

test("an existing file is replaced only by a whole one, and no partial file is left", async () => {
  const target = join(host, "kept.txt");
  await writeFile(target, "old");
  await using session = await open();
  await session.files.writeFile("large", Buffer.alloc(1_000_000));
  const copying = session.copyFromRuntime("large", target, { maxBytes: 1_000 });
  await expect(copying).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
  expect(await readFile(target, "utf8")).toBe("old");
  expect(await readdir(host)).toEqual(["kept.txt"]);
  await session.copyFromRuntime("large", target);
  expect((await stat(target)).size).toBe(1_000_000);
});

test("what is missing or cannot be written is a typed error on either side", async () => {
  await using session = await open();
  await session.files.writeFile("a", "x");
  await writeFile(join(host, "file"), "x");
  const codes: readonly (readonly [() => Promise<unknown>, string])[] = [
    [() => session.copyToRuntime(join(host, "none"), "x"), "FILE_NOT_FOUND"],
    [() => session.copyToRuntime("/dev/null", "x"), "NOT_A_FILE"],
    [() => session.copyToRuntime(join(host, "file"), "/etc/x"), "PERMISSION_DENIED"],
    [() => session.copyToRuntime(join(host, "file"), "../x"), "PATH_OUTSIDE"],
    [() => session.copyToRuntime(host, "../x"), "PATH_OUTSIDE"],
    [() => session.copyFromRuntime("none", join(host, "x")), "FILE_NOT_FOUND"],
    [() => session.copyFromRuntime("a", join(host, "file/below")), "FILE_ERROR"],
    [() => session.copyFromRuntime(".", join(host, "file")), "FILE_ERROR"],
  ];
  for (const [copy, code] of codes) await expect(copy()).rejects.toMatchObject({ code });
  expect(await readdir(host)).toEqual(["file"]);
});

test.runIf(process.platform === "linux")("a name that is no text is left out and reported", async () => {
  await using session = await open();
  await writeFile(join(host, "good"), "x");
  await writeFile(Buffer.concat([Buffer.from(`${host}/`), Buffer.from([0xff])]), "x");
  const { skipped } = await session.copyToRuntime(host, "in");
  expect(skipped).toEqual([{ path: "\ufffd", reason: "has a name that is no UTF-8" }]);
  expect(await session.files.readText("in/good")).toBe("x");
});

test.each([
  [5, "x"],
  ["", "x"],
  ["a\0b", "x"],
  [null, "x"],
])("the host path %j is refused", async (path, other) => {
  await using session = await open();
  await expect(session.copyToRuntime(path as string, other)).rejects.toMatchObject({
    code: "INVALID_OPTION",
  });
  await expect(session.copyFromRuntime(other, path as string)).rejects.toMatchObject({
    code: "INVALID_OPTION",
  });
});

test.each([[5], [""], ["a\0b"], [null]])("the path in the box %j is refused", async (path) => {
  await writeFile(join(host, "file"), "x");
  await using session = await open();
  for (const source of [host, join(host, "file")]) {
    await expect(session.copyToRuntime(source, path as string)).rejects.toMatchObject({
      code: "INVALID_OPTION",
    });
  }
  await expect(session.copyFromRuntime(path as string, host)).rejects.toMatchObject({
    code: "INVALID_OPTION",
  });
});

test.each([
  { maxBytes: 0 },
  { maxEntries: Number.NaN },
  { maxBytes: "1" },
  { recursive: true },
  { signal: 5 },
])("the copy option %j is refused", async (options) => {
  await using session = await open();
  const copying = session.copyFromRuntime("x", host, options as object);
  await expect(copying).rejects.toMatchObject({ code: "INVALID_OPTION" });
});

test("aborting before and during a copy rejects with the reason", async () => {
  await makeTree(join(host, "from"));
  await using session = await open();
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  await expect(session.copyToRuntime(join(host, "from"), "x", { signal })).rejects.toBe(reason);
  await expect(session.copyToRuntime(join(host, "from/a.txt"), "x", { signal })).rejects.toBe(reason);
  await session.copyToRuntime(join(host, "from"), "project");
  await expect(session.copyFromRuntime("project", join(host, "to"), { signal })).rejects.toBe(reason);
});

interface Played {
  readonly agent: ScriptedAgent;
  readonly session: SandboxSession;
}

async function played(): Promise<Played> {
  const agent = new ScriptedAgent();
  agent.hello();
  return { agent, session: await SandboxSession.open({ runtime: scriptedRuntime(agent), lang: "cpp" }) };
}

async function answerStat({ agent }: Played, type: "file" | "directory"): Promise<void> {
  agent.result((await agent.operation("stat")).channel, {
    path: "x",
    type,
    size: 1,
    mode: 0o644,
    mtimeMs: 0,
  });
}

test("aborting in the middle of a copy rejects with the reason once the agent has stopped", async () => {
  const box = await played();
  const reason = new Error("enough");
  const archive = pack();
  archive.entry({ name: "large" }, "x".repeat(10_000));
  archive.finalize();
  const start = (await buffer(archive)).subarray(0, 5_000);
  for (const type of ["file", "directory"] as const) {
    const controller = new AbortController();
    const copying = box.session.copyFromRuntime("x", join(host, type), { signal: controller.signal });
    copying.catch(() => {});
    await answerStat(box, type);
    const { channel } = await box.agent.operation(type === "file" ? "read" : "pack");
    box.agent.send(dataFrame(channel, 1, start));
    await box.agent.settled();
    controller.abort(reason);
    await box.agent.next(FrameType.control);
    box.agent.result(channel, { error: { code: "ECANCELED", message: "cancelled" } });
    await expect(copying).rejects.toBe(reason);
  }
  expect(await readdir(host)).toEqual([]);
});

test("a hostile archive is told as that, although the copy was also given up", async () => {
  const box = await played();
  const archive = pack();
  archive.entry({ name: "../escaped" }, "gone");
  archive.finalize();
  const copying = box.session.copyFromRuntime("x", join(host, "to"));
  copying.catch(() => {});
  await answerStat(box, "directory");
  const { channel } = await box.agent.operation("pack");
  box.agent.send(dataFrame(channel, 1, await buffer(archive)), encodeEnd(channel, 1));
  box.agent.result(channel, { entries: 1, skipped: 0 });
  await expect(copying).rejects.toMatchObject({ code: "ARCHIVE_REJECTED" });
  expect((await readdir(host)).toSorted()).toEqual([]);
});

test("an agent that sends more than maxBytes fills no disk", async () => {
  const box = await played();
  const copying = box.session.copyFromRuntime("x", join(host, "to"), { maxBytes: 1_000 });
  copying.catch(() => {});
  await answerStat(box, "file");
  const { channel } = await box.agent.operation("read");
  for (let round = 0; round < 10; round += 1) box.agent.send(dataFrame(channel, 1, Buffer.alloc(60_000)));
  await box.agent.next(FrameType.control);
  box.agent.result(channel, { bytes: 600_000 });
  await expect(copying).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
  expect(await readdir(host)).toEqual([]);
});

test("a box that dies in the middle of a copy leaves no partial file", async () => {
  const box = await played();
  const copying = box.session.copyFromRuntime("x", join(host, "to"));
  copying.catch(() => {});
  await answerStat(box, "file");
  const { channel } = await box.agent.operation("read");
  box.agent.send(dataFrame(channel, 1, Buffer.alloc(60_000)));
  box.agent.end();
  await expect(copying).rejects.toMatchObject({ code: "BOX_LOST" });
  expect(await readdir(host)).toEqual([]);
});

test("a box that dies in the middle of an upload rejects it", async () => {
  await makeTree(join(host, "from"));
  const folder = await played();
  const copying = folder.session.copyToRuntime(join(host, "from"), "x");
  copying.catch(() => {});
  folder.agent.result((await folder.agent.operation("mkdir")).channel, { created: true });
  await folder.agent.operation("unpack");
  folder.agent.end();
  await expect(copying).rejects.toMatchObject({ code: "BOX_LOST" });

  const file = await played();
  const sending = file.session.copyToRuntime(join(host, "from/a.txt"), "x/");
  sending.catch(() => {});
  await file.agent.operation("write");
  file.agent.end();
  await expect(sending).rejects.toMatchObject({ code: "BOX_LOST" });
});

test("a large copy out warns of no leak", async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error): void => void warnings.push(warning);
  process.on("warning", listen);
  await using session = await open();
  await session.files.writeFile("large", Buffer.alloc(20_000_000));
  await session.copyFromRuntime("large", join(host, "large"));
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listen);
  expect(warnings).toEqual([]);
  expect((await stat(join(host, "large"))).size).toBe(20_000_000);
});

test("a folder that is not there yet appears whole or not at all", async () => {
  const box = await played();
  const archive = pack();
  archive.entry({ name: "first" }, "x");
  archive.entry({ name: "second" }, "x".repeat(2_000));
  archive.finalize();
  const copying = box.session.copyFromRuntime("x", join(host, "to"), { maxBytes: 1_000 });
  copying.catch(() => {});
  await answerStat(box, "directory");
  const { channel } = await box.agent.operation("pack");
  box.agent.send(dataFrame(channel, 1, await buffer(archive)), encodeEnd(channel, 1));
  box.agent.result(channel, { entries: 2, skipped: 0 });
  await expect(copying).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
  expect(await readdir(host)).not.toContain("to");
});
