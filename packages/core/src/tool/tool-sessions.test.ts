import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { SandboxError } from "../errors.ts";
import { SandboxSession } from "../session.ts";
import { memory } from "../testing/memory.ts";
import type { MemoryOptions } from "../testing/memory.ts";
import { sandboxTools } from "./sandbox-tools.ts";
import { ToolSessions } from "./tool-sessions.ts";

/** Code is a file's name: the run tells whether it is there, makes it, and counts in its state. */
const script: MemoryOptions = {
  run: ({ code, files, state, loseBox }) => {
    if (code === "die") return loseBox();
    const path = `/workspace/${code}`;
    const there = files.list("/workspace").some((entry) => entry.path === code);
    files.write(path, Buffer.from(""));
    state["count"] = Number(state["count"] ?? 0) + 1;
    return { stdout: `${there ? "there" : "new"} ${state["count"]}` };
  },
};

const firstLine = (text: string): string => text.split("\n", 1)[0]!;

test("each conversation has a session of its own, opened at its first call and shared by its calls", async () => {
  await using tools = sandboxTools({ runtime: memory(script) });
  expect(tools.sessions.list()).toEqual([]);
  const call = async (conversation: string): Promise<string> =>
    firstLine((await tools.code.call({ code: "a" }, { conversation })).text);
  expect(await Promise.all([call("one"), call("two")])).toEqual(["new 1", "new 1"]);
  expect(await call("one")).toBe("there 1");
  expect(tools.sessions.list().map(({ conversation }) => conversation)).toEqual(["one", "two"]);
  expect(tools.sessions.session("one")).not.toBe(tools.sessions.session("two"));
});

test("calls at once share one opening", async () => {
  let opened = 0;
  await using tools = sandboxTools({
    open: () => {
      opened += 1;
      return SandboxSession.open({ runtime: memory(script) });
    },
  });
  await Promise.all(["a", "b", "c"].map((code) => tools.code.call({ code })));
  expect(opened).toBe(1);
});

test("state is kept from call to call where that is asked for", async () => {
  await using tools = sandboxTools({ runtime: memory(script), keepState: true });
  const texts = [];
  for (const code of ["a", "b"]) texts.push(firstLine((await tools.code.call({ code })).text));
  expect(texts).toEqual(["new 1", "new 2"]);
});

test("a box that dies during a call is told, and the next call simply has a new one", async () => {
  await using tools = sandboxTools({ runtime: memory(script) });
  await tools.code.call({ code: "a" });
  const lost = await tools.code.call({ code: "die" });
  expect(lost).toMatchObject({ status: "lost" });
  expect(lost.text).toMatch(
    /^\[sandbox: The sandbox ended during this call.*The next call gets a new, empty sandbox\.\]$/,
  );
  expect(firstLine((await tools.code.call({ code: "a" }, { continued: true })).text)).toBe("new 1");
});

test("a loss that a cancelled call had to tell is told by the next one", async () => {
  const control = new AbortController();
  await using tools = sandboxTools({
    runtime: memory({
      run: ({ code, loseBox, signal }) => {
        if (code !== "die") return { stdout: "ran" };
        signal.addEventListener("abort", loseBox);
        control.abort(new Error("enough"));
        return new Promise(() => {});
      },
    }),
  });
  await tools.code.call({ code: "a" });
  await expect(tools.code.call({ code: "die" }, { signal: control.signal })).rejects.toThrow("enough");
  const next = await tools.code.call({ code: "a" }, { continued: true });
  expect(next.text).toMatch(/^\[sandbox: The sandbox of the earlier calls has ended by itself\..*\nran$/);
});

test("what a call whose sandbox could not be opened had to tell is told by the next one, and nothing else", async () => {
  let broken = true;
  await using tools = sandboxTools({
    open: async () => {
      if (broken) throw new Error("no engine");
      return SandboxSession.open({ runtime: memory(script) });
    },
  });
  const call = async (continued: boolean): Promise<string> =>
    (await tools.code.call({ code: "a" }, { continued })).text;
  expect(await call(false)).toContain("The sandbox failed");
  broken = false;
  expect(firstLine(await call(true))).toBe("new 1");
  await tools.sessions.close();
  broken = true;
  expect(await call(true)).toContain("The sandbox failed");
  broken = false;
  expect(firstLine(await call(true))).toMatch(/^\[sandbox: The sandbox of the earlier calls was closed\./);
});

test("calls that fail in a lost box do not lose the session that opens after it", async () => {
  const opened: SandboxSession[] = [];
  const ready = Promise.withResolvers<void>();
  const failing = Promise.withResolvers<void>();
  await using sessions = new ToolSessions({
    open: async () => {
      if (opened.length > 0) await ready.promise;
      opened.push(await SandboxSession.open({ runtime: memory(script) }));
      return opened.at(-1)!;
    },
  });
  const lose = async (): Promise<never> => {
    throw new SandboxError("BOX_LOST", "by the test");
  };
  const late = sessions.use({}, async () => failing.promise.then(lose));
  await expect.poll(() => sessions.session()?.isOpen).toBe(true);
  await opened[0]!.close();
  const next = sessions.use({}, async () => {});
  failing.resolve();
  await expect(late).rejects.toThrow("by the test");
  ready.resolve();
  await next;
  await sessions.use({}, async () => {});
  expect(opened).toHaveLength(2);
});

test("a box that died between calls is replaced, and the model is told so once", async () => {
  await using tools = sandboxTools({ runtime: memory({ ...script, command: ({ loseBox }) => loseBox() }) });
  await tools.code.call({ code: "a" });
  await tools.sessions
    .session()!
    .executeCommand("kill everything")
    .catch(() => {});
  const { text, status, notices } = await tools.code.call({ code: "a" });
  expect(status).toBe("ok");
  expect(notices).toEqual([expect.stringMatching(/^The sandbox of the earlier calls has ended by itself\./)]);
  expect(text).toMatch(
    /^\[sandbox: The sandbox of the earlier calls has ended by itself\. .*are gone\.\]\nnew 1/,
  );
  expect(firstLine((await tools.code.call({ code: "a" })).text)).toBe("there 1");
});

test("a session that nobody uses is closed, and the next call is told why its files are gone", async () => {
  await using tools = sandboxTools({ runtime: memory(script), idleMs: 20 });
  await tools.code.call({ code: "a" });
  const session = tools.sessions.session()!;
  while (session.isOpen) await wait(5);
  expect(tools.sessions.list()).toEqual([]);
  expect((await tools.code.call({ code: "a" })).text).toMatch(
    /^\[sandbox: The sandbox .* not used for a while.*\nnew 1/,
  );
});

test("a call under way keeps its session from idling", async () => {
  await using tools = sandboxTools({
    runtime: memory({ run: async () => (await wait(100), { stdout: "done" }) }),
    idleMs: 10,
  });
  expect((await tools.code.call({ code: "a" })).text).toBe("done");
});

test("the owner closes one conversation, and disposing closes all", async () => {
  const tools = sandboxTools({ runtime: memory(script) });
  await tools.code.call({ code: "a" }, { conversation: "one" });
  await tools.code.call({ code: "a" }, { conversation: "two" });
  const [one, two] = tools.sessions.list().map(({ session }) => session);
  await tools.sessions.close("one");
  expect([one!.isOpen, two!.isOpen]).toEqual([false, true]);
  await tools[Symbol.asyncDispose]();
  expect(two!.isOpen).toBe(false);
  expect(await tools.code.call({ code: "a" })).toMatchObject({ status: "unavailable" });
});

test("disposing while a session opens closes it too", async () => {
  const ready = Promise.withResolvers<void>();
  let session: SandboxSession | undefined;
  const tools = sandboxTools({
    open: async () => {
      await ready.promise;
      session = await SandboxSession.open({ runtime: memory(script) });
      return session;
    },
  });
  const call = tools.code.call({ code: "a" });
  const closing = tools[Symbol.asyncDispose]();
  ready.resolve();
  await Promise.all([call, closing]);
  expect(session!.isOpen).toBe(false);
});

test("a call that is cancelled while its session opens leaves it to the next call, and to disposing", async () => {
  const ready = Promise.withResolvers<void>();
  const opened: SandboxSession[] = [];
  const tools = sandboxTools({
    open: async () => {
      await ready.promise;
      opened.push(await SandboxSession.open({ runtime: memory(script) }));
      return opened.at(-1)!;
    },
  });
  const control = new AbortController();
  const call = tools.code.call({ code: "a" }, { signal: control.signal });
  control.abort(new Error("enough"));
  await expect(call).rejects.toThrow("enough");
  const next = tools.code.call({ code: "a" });
  ready.resolve();
  expect(firstLine((await next).text)).toBe("new 1");
  await tools[Symbol.asyncDispose]();
  expect(opened.map(({ isOpen }) => isOpen)).toEqual([false]);
});

test("a session that was given is used, never closed, and serves one conversation", async () => {
  await using session = await SandboxSession.open({ runtime: memory(script) });
  await session.files.writeFile("mine.txt", "x");
  {
    await using tools = sandboxTools({ session, idleMs: 1 });
    const outcome = await tools.code.call({ code: "a" });
    expect(outcome.files).toEqual([{ path: "/workspace/a", size: 0 }]);
    expect(await tools.code.call({ code: "a" }, { conversation: "other" })).toMatchObject({
      status: "unavailable",
    });
    await wait(10);
  }
  expect(session.isOpen).toBe(true);
  const tools = sandboxTools({ session });
  await session.close();
  expect((await tools.code.call({ code: "a" })).text).toMatch(/It cannot be replaced\.\]$/);
});

test("sessions are shared by several sets of tools, and their owner's", async () => {
  await using sessions = new ToolSessions({ runtime: memory(script) });
  {
    await using tools = sandboxTools({ sessions });
    await tools.code.call({ code: "a" });
  }
  await using others = sandboxTools({ sessions });
  expect(firstLine((await others.code.call({ code: "a" })).text)).toBe("there 1");
  expect(() => sandboxTools({ sessions, lang: "bash" })).toThrow(
    expect.objectContaining({ code: "INVALID_OPTION" }),
  );
});

test("each language has a box of its own", async () => {
  await using tools = sandboxTools({ runtime: memory(script), languages: ["python", "bash"] });
  expect((await tools.code.call({ code: "a", language: "python" })).text).toContain("new 1");
  expect((await tools.code.call({ code: "a", language: "sh" })).text).toContain("new 1");
  expect((await tools.code.call({ code: "a" })).text).toMatch(/"language" is missing/);
});

test("over the limit the conversation that was idle longest makes room, and is told so", async () => {
  await using tools = sandboxTools({ runtime: memory(script), maxSessions: 2 });
  const call = (conversation: string): Promise<{ readonly text: string }> =>
    tools.code.call({ code: "a" }, { conversation });
  for (const name of ["one", "two", "one", "three"]) await call(name);
  expect(tools.sessions.list().map(({ conversation }) => conversation)).toEqual(["one", "three"]);
  expect((await call("two")).text).toContain("not used for a while");
});

test("over the limit a conversation is refused while all others are busy", async () => {
  const release = Promise.withResolvers<void>();
  const run = async (): Promise<object> => {
    await release.promise;
    return {};
  };
  await using tools = sandboxTools({ runtime: memory({ run }), maxSessions: 1 });
  const busy = tools.code.call({ code: "a" }, { conversation: "one" });
  const refused = await tools.code.call({ code: "a" }, { conversation: "two" });
  expect(refused).toMatchObject({
    status: "unavailable",
    text: expect.stringContaining("too many sandboxes"),
  });
  release.resolve();
  expect((await busy).status).toBe("ok");
});

test("what the application's onError throws reaches neither the call nor the model", async () => {
  await using tools = sandboxTools({
    open: () => Promise.reject(new Error("inner /secret/path")),
    onError: () => {
      throw new Error("outer sk-SECRET");
    },
  });
  const { text } = await tools.code.call({ code: "a" });
  expect(text).toContain("no fault of the code");
  expect(text).not.toMatch(/secret/i);
});

test("tools that were disposed say so, and promise nothing", async () => {
  const tools = sandboxTools({ runtime: memory(script) });
  await tools[Symbol.asyncDispose]();
  const { text } = await tools.code.call({ code: "a" });
  expect(text).toContain("were closed");
  expect(text).not.toContain("next call");
});

test("disposing during a call tells it that there will be no other sandbox, and closing that there will", async () => {
  const started = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let runs = 0;
  const run = async (): Promise<object> => {
    started[runs++]!.resolve();
    return new Promise(() => {});
  };
  const tools = sandboxTools({ runtime: memory({ run, command: () => ({ stdout: "ran" }) }) });
  const closed = tools.code.call({ code: "a" });
  await started[0]!.promise;
  await tools.sessions.close();
  expect((await closed).text).toMatch(
    /^\[sandbox: The sandbox ended.*next call gets a new, empty sandbox\.\]$/,
  );
  expect((await tools.command.call({ command: "x" }, { continued: true })).text).toBe("ran");
  const disposed = tools.code.call({ code: "a" });
  await started[1]!.promise;
  await tools[Symbol.asyncDispose]();
  expect((await disposed).text).toMatch(/^\[sandbox: The sandbox has ended.*It cannot be replaced\.\]$/);
  expect((await tools.code.call({ code: "a" })).text).toContain("were closed");
});

test("a session of another language than asked for is an error, and closed", async () => {
  let session: SandboxSession | undefined;
  await using tools = sandboxTools({
    lang: "bash",
    open: async () => (session = await SandboxSession.open({ runtime: memory(script), lang: "python" })),
  });
  expect((await tools.code.call({ code: "a" })).status).toBe("unavailable");
  expect(session!.isOpen).toBe(false);
});

const lost = /^\[sandbox: The sandbox of the earlier calls has ended by itself\./;

test("that a sandbox was replaced is told by a call that fails too, and by the one after a cancelled one", async () => {
  await using tools = sandboxTools({
    runtime: memory({
      run: async ({ code, signal }) => {
        if (code === "wait") await new Promise((resolve) => signal.addEventListener("abort", resolve));
        return { stdout: "ran" };
      },
    }),
  });
  const lose = async (): Promise<void> => tools.sessions.session()!.close();
  await tools.code.call({ code: "a" });
  await lose();
  const { text, notices } = await tools.readFile.call({ path: "gone.txt" });
  expect(text).toMatch(lost);
  expect(text).toMatch(/\n\[sandbox: There is no such file or folder in the sandbox\.\]$/);
  expect(notices).toHaveLength(1);
  await lose();
  expect((await tools.command.call({ command: "é".repeat(99_000) })).text).toMatch(lost);
  await lose();
  const control = new AbortController();
  const cancelled = tools.code.call({ code: "wait" }, { signal: control.signal });
  await expect.poll(() => tools.sessions.session()?.isOpen).toBe(true);
  control.abort(new Error("enough"));
  await expect(cancelled).rejects.toThrow("enough");
  expect((await tools.code.call({ code: "a" })).text).toMatch(lost);
  expect((await tools.code.call({ code: "a" })).text).toBe("ran");
});

test("a conversation that goes on in another program is told that its sandbox is a new one, once", async () => {
  await using tools = sandboxTools({ runtime: memory(script), languages: ["python", "bash"] });
  const call = async (language: string, conversation: string, continued: boolean): Promise<string> =>
    firstLine((await tools.code.call({ code: "a", language }, { conversation, continued })).text);
  expect(await call("python", "old", true)).toMatch(
    /^\[sandbox: This call ran in a new sandbox, not in that of the earlier calls:/,
  );
  expect(await call("python", "old", true)).toBe("there 1");
  expect(await call("bash", "old", true)).toBe("new 1");
  expect(await call("python", "new", false)).toBe("new 1");
  expect(await call("python", "new", true)).toBe("there 1");
});
