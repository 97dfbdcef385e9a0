import { expect, test, vi } from "vitest";
import { SandboxError } from "./errors.ts";
import type { OutputChunk } from "./execution.ts";
import type { RunOptions } from "./run-options.ts";
import { SandboxSession } from "./session.ts";
import { memory } from "./testing/memory.ts";
import type { MemoryOptions } from "./testing/memory.ts";

const open = (options: MemoryOptions = {}, more: object = {}): Promise<SandboxSession> =>
  SandboxSession.open({ lang: "python", runtime: memory(options), ...more });

test("code runs, and its output, exit code, rich outputs and value come back", async () => {
  await using session = await open({
    run: ({ code, language }) => ({
      stdout: `${language}: ${code}\n`,
      stderr: "note\n",
      outputs: [{ "image/png": "AAAA" }],
      value: "42",
    }),
  });
  const result = await session.run("6 * 7");
  expect(result).toMatchObject({
    status: "ok",
    exitCode: 0,
    signal: null,
    language: "python",
    stdout: "python: 6 * 7\n",
    stderr: "note\n",
    value: "42",
    error: null,
    truncated: { stdout: { bytes: 14, omittedBytes: 0 }, stderr: { bytes: 5, omittedBytes: 0 } },
  });
  expect(result.outputs.map(({ kind, data }) => ({ kind, ...data }))).toEqual([
    { kind: "display", "image/png": "AAAA" },
    { kind: "value", "text/plain": "42" },
  ]);
});

test("failing code is a result with its error and the output before it", async () => {
  await using session = await open({
    async *run() {
      yield { stdout: "before\n" };
      throw new RangeError("out of range");
    },
  });
  const result = await session.run("x");
  expect(result).toMatchObject({ status: "failed", exitCode: 1, stdout: "before\n" });
  expect(result.error).toMatchObject({ name: "RangeError", message: "out of range" });
});

test.each([
  [{ exitCode: 3 }, { status: "failed", exitCode: 3, signal: null }],
  [{ endedBy: "SIGSEGV" }, { status: "failed", exitCode: null, signal: "SIGSEGV" }],
  [{ status: "out-of-memory" }, { status: "out-of-memory", exitCode: null }],
  [{ status: "timed-out" }, { status: "timed-out", exitCode: null }],
] as const)("a run that ends with %j is told apart", async (outcome, expected) => {
  await using session = await open({ run: () => outcome, command: () => outcome });
  expect(await session.run("x")).toMatchObject(expected);
  expect(await session.executeCommand(["x"])).toMatchObject(expected);
});

test("an error is only told of a run that did not succeed", async () => {
  await using session = await open({ run: () => ({ error: { name: "E", message: "m" }, exitCode: 0 }) });
  expect(await session.run("x")).toMatchObject({ status: "ok", error: null });
});

test("arguments, environment, working folder and standard input reach the program", async () => {
  await using session = await open(
    {
      run: async ({ argv, env, cwd, stdin }) => {
        const input: Uint8Array[] = [];
        for await (const chunk of stdin) input.push(chunk);
        const { A, B, HOME } = env;
        return { stdout: JSON.stringify({ argv, A, B, HOME, cwd, input: Buffer.concat(input).toString() }) };
      },
    },
    { env: { A: "session", B: "session" } },
  );
  await session.files.makeDirectory("sub");
  const result = await session.run("x", { argv: ["-v", "é"], env: { B: "run" }, cwd: "sub", stdin: "héllo" });
  expect(JSON.parse(result.stdout)).toEqual({
    argv: ["-v", "é"],
    A: "session",
    B: "run",
    HOME: "/workspace",
    cwd: "/workspace/sub",
    input: "héllo",
  });
});

test("nothing of this program's environment is passed on", async () => {
  process.env["LLM_SANDBOX_TEST_SECRET"] = "hidden";
  await using session = await open({ run: ({ env }) => ({ stdout: Object.keys(env).join(" ") }) });
  const { stdout } = await session.run("x");
  delete process.env["LLM_SANDBOX_TEST_SECRET"];
  expect(stdout).not.toContain("LLM_SANDBOX_TEST_SECRET");
  expect(stdout).toContain("PATH");
});

async function* endless(taken: { count: number; closed: boolean }): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      taken.count += 1;
      yield Buffer.alloc(100_000, "x");
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    taken.closed = true;
  }
}

test("standard input is taken as the program reads it, and let go of when it ends", async () => {
  await using session = await open({
    run: async ({ stdin }) => {
      let bytes = 0;
      for await (const chunk of stdin) if ((bytes += chunk.length) > 1_000_000) break;
      return { stdout: "enough" };
    },
  });
  const taken = { count: 0, closed: false };
  const result = await session.run("x", { stdin: endless(taken) });
  expect(result.stdout).toBe("enough");
  while (!taken.closed) await new Promise((resolve) => setImmediate(resolve));
  expect(taken.count).toBeLessThan(20);
});

test("a program that does not read its input ends without it", async () => {
  await using session = await open({ run: () => ({ stdout: "done" }) });
  const result = await session.run("x", { stdin: Buffer.alloc(5_000_000) });
  expect(result).toMatchObject({ status: "ok", stdout: "done" });
});

test("a source of standard input that breaks rejects the run with its error", async () => {
  const error = new Error("the file is gone");
  await using session = await open({
    run: async ({ stdin }) => {
      for await (const chunk of stdin) void chunk;
    },
  });
  const broken = (async function* () {
    yield Buffer.from("first");
    throw error;
  })();
  await expect(session.run("x", { stdin: broken })).rejects.toBe(error);
  const text = (async function* () {
    yield "not bytes" as unknown as Uint8Array;
  })();
  await expect(session.run("x", { stdin: text })).rejects.toMatchObject({ code: "INVALID_OPTION" });
  expect(await session.run("x")).toMatchObject({ status: "ok" });
});

test("a megabyte of source arrives whole", async () => {
  await using session = await open({ run: ({ code }) => ({ stdout: String(code.length) }) });
  const code = `# ${"é€𝄞".repeat(300_000)}`;
  expect((await session.run(code)).stdout).toBe(String(code.length));
});

test.each([
  ["a NUL", "print(1)\0"],
  ["half a surrogate pair", "print('\uD800')"],
  ["no string", 5 as unknown as string],
  ["nothing", undefined as unknown as string],
  ["more than fits", "x".repeat(16 * 1_048_576 + 1)],
])("code with %s is refused before anything is sent", async (_name, code) => {
  let runs = 0;
  await using session = await open({
    run: () => {
      runs += 1;
    },
  });
  await expect(session.run(code)).rejects.toMatchObject({ code: "INVALID_OPTION" });
  expect(runs).toBe(0);
});

test("long output keeps head and tail, with the true number of bytes", async () => {
  await using session = await open(
    {
      async *run() {
        yield { stdout: "HEAD" };
        for (let round = 0; round < 100; round += 1) yield { stdout: "x".repeat(100_000) };
        yield { stdout: "TAIL" };
      },
    },
    { maxOutputBytes: 1_024 },
  );
  const { stdout, truncated } = await session.run("x");
  expect(stdout.startsWith("HEADx")).toBe(true);
  expect(stdout.endsWith("xTAIL")).toBe(true);
  expect(truncated.stdout).toEqual({ bytes: 10_000_008, omittedBytes: 10_000_008 - 1_024 });
});

test("a listener hears everything in order, and a slow one slows the program down", async () => {
  let sent = 0;
  let heard = 0;
  let farthest = 0;
  await using session = await open({
    async *run() {
      for (; sent < 300; sent += 1) yield { stdout: `${String(sent).padStart(5)}${" ".repeat(65_531)}` };
    },
  });
  const numbers: number[] = [];
  const onOutput = async ({ text }: OutputChunk): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    heard += text.length;
    farthest = Math.max(farthest, sent - heard / 65_536);
    for (const [number] of text.matchAll(/\d+/g)) numbers.push(Number(number));
  };
  const result = await session.run("x", { onOutput });
  expect(numbers).toEqual(Array.from({ length: 300 }, (_, at) => at));
  expect(result.truncated.stdout.bytes).toBe(300 * 65_536);
  // The credit, and what the stream between the two ends holds.
  expect(farthest).toBeLessThan(100);
});

test.each(["throws", "rejects"])(
  "a listener that %s ends the run and rejects it with its error",
  async (how) => {
    const error = new Error("listener");
    await using session = await open({
      async *run({ signal }) {
        for (;;) {
          yield { stdout: "more\n" };
          await new Promise((resolve) => setImmediate(resolve));
          if (signal.aborted) return;
        }
      },
    });
    const onOutput = (): Promise<void> => {
      if (how === "throws") throw error;
      return Promise.reject(error);
    };
    await expect(session.run("x", { onOutput })).rejects.toBe(error);
    expect(await session.executeCommand(["true"])).toMatchObject({ status: "ok" });
  },
);

const forever = ({ signal }: { readonly signal: AbortSignal }): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

test("a run over its time limit is a result with the output so far", async () => {
  await using session = await open({
    async *run(call) {
      yield { stdout: "started" };
      await forever(call);
    },
  });
  const result = await session.run("x", { timeoutMs: 20 });
  expect(result).toMatchObject({ status: "timed-out", exitCode: null, stdout: "started" });
});

test("aborting a run before it starts sends nothing, and during it keeps the output so far", async () => {
  let runs = 0;
  const controller = new AbortController();
  await using session = await open({
    async *run(call) {
      runs += 1;
      yield { stdout: "started" };
      await forever(call);
    },
    command: forever,
  });
  const signal = AbortSignal.abort();
  expect(await session.run("x", { signal })).toMatchObject({ status: "cancelled", stdout: "" });
  expect(await session.executeCommand("x", { signal })).toMatchObject({ status: "cancelled" });
  expect(runs).toBe(0);
  const onOutput = (): void => controller.abort();
  const during = await session.run("x", { signal: controller.signal, onOutput });
  expect(during).toMatchObject({ status: "cancelled", stdout: "started" });
  const command = new AbortController();
  const running = session.executeCommand("x", { signal: command.signal });
  command.abort();
  expect(await running).toMatchObject({ status: "cancelled" });
});

test("aborting after the end changes nothing", async () => {
  const controller = new AbortController();
  await using session = await open();
  const result = await session.run("x", { signal: controller.signal });
  controller.abort();
  expect(result.status).toBe("ok");
  expect(await session.run("x")).toMatchObject({ status: "ok" });
});

test("a hundred runs at once, each aborted or not, end as they should", async () => {
  await using session = await open({
    run: async (call) => {
      if (call.code === "wait") await forever(call);
      return { stdout: call.argv[0]! };
    },
  });
  const controller = new AbortController();
  const runs = Array.from({ length: 100 }, (_, at) =>
    session.run(at % 2 ? "wait" : "go", { argv: [String(at)], signal: controller.signal }),
  );
  await runs[98];
  controller.abort();
  for (const [at, result] of (await Promise.all(runs)).entries()) {
    expect(result).toMatchObject(at % 2 ? { status: "cancelled" } : { status: "ok", stdout: String(at) });
  }
});

test("a command is a shell's for a string, and exactly the arguments for an array", async () => {
  await using session = await open({
    command: ({ argv, shell }) => ({ stdout: JSON.stringify({ argv, shell }) }),
  });
  const shell = await session.executeCommand("echo $HOME | cat");
  expect(JSON.parse(shell.stdout)).toEqual({
    argv: ["/bin/sh", "-c", "echo $HOME | cat"],
    shell: "echo $HOME | cat",
  });
  const exact = await session.executeCommand(["echo", "$HOME"]);
  expect(JSON.parse(exact.stdout)).toEqual({ argv: ["echo", "$HOME"] });
});

test.each([
  ["ENOENT", 127, "command not found"],
  ["EACCES", 126, "cannot be executed"],
])("a command that fails to start with %s is a result for a model to read", async (code, exitCode, words) => {
  await using session = await open({
    command: () => {
      throw Object.assign(new Error("no"), { code });
    },
  });
  const result = await session.executeCommand(["frobnicate"]);
  expect(result).toMatchObject({ status: "failed", exitCode });
  expect(result.stderr).toContain("frobnicate");
  expect(result.stderr).toContain(words);
});

test.each([[[]], [[""]], [["a", 5]], [["a\0b"]], ["a\0b"], [null], [5], [["\uD800"]]])(
  "the command %j is refused",
  async (command) => {
    await using session = await open();
    const running = session.executeCommand(command as string);
    await expect(running).rejects.toMatchObject({ code: "INVALID_OPTION" });
  },
);

test("an empty string is an empty script", async () => {
  await using session = await open({ command: ({ shell }) => ({ stdout: `[${shell}]` }) });
  expect(await session.executeCommand("")).toMatchObject({ status: "ok", stdout: "[]" });
});

test("whole programs run too, and a build that fails is a CompileError with the user's line", async () => {
  await using session = await open(
    { run: ({ code, language }) => ({ stdout: `${language} ${code.length}` }) },
    { lang: "cpp" },
  );
  expect(await session.run("int main() {}")).toMatchObject({
    status: "ok",
    stdout: "cpp 13",
    language: "cpp",
  });
  expect(await session.files.list(".", { recursive: true })).toEqual([]);
});

test.each([
  ["timeoutMs", [0, -1, Number.NaN, Infinity, "5", null, 2 ** 40]],
  ["signal", [null, 5, {}]],
  ["stdin", [5, null, {}, ["a"]]],
  ["env", [null, 5, { "1A": "x" }, { A: 5 }, { A: "x\0y" }, { "A=B": "x" }, { A: "\uDC00" }]],
  ["cwd", [5, "", "a/../../b", "a\0b", null]],
  ["onOutput", [5, null, {}]],
  ["argv", [5, null, "a", [5], ["a\0b"]]],
  ["timeout", [5]],
] as const)("run refuses %s when it is none of its values", async (name, values) => {
  await using session = await open();
  for (const value of values) {
    const options = { [name]: value } as unknown as RunOptions;
    await expect(session.run("x", options), `${name}: ${String(value)}`).rejects.toBeInstanceOf(SandboxError);
    await expect(session.executeCommand("x", options)).rejects.toBeInstanceOf(SandboxError);
  }
});

test("options that are no object are refused", async () => {
  await using session = await open();
  for (const options of [null, 5, "x", []]) {
    await expect(session.run("x", options as never)).rejects.toMatchObject({ code: "INVALID_OPTION" });
  }
});

test("a listener that never settles does not hold up a run whose time is over", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    await using session = await open({
      run: async function* ({ signal }) {
        yield { stdout: "a" };
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      },
    });
    const heard: string[] = [];
    const running = session.run("x", {
      timeoutMs: 100,
      onOutput: ({ text }) => {
        heard.push(text);
        return new Promise<void>(() => {});
      },
    });
    await vi.waitFor(() => expect(heard).toEqual(["a"]));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await running).toMatchObject({ status: "timed-out", stdout: "a" });
  } finally {
    vi.useRealTimers();
  }
});

test.each([
  ["run", (session: SandboxSession, text: string) => session.run("x", { env: { A: text } })],
  ["executeCommand", (session: SandboxSession, text: string) => session.executeCommand(["echo", text])],
  ["spawn", (session: SandboxSession, text: string) => session.spawn(text)],
  ["readFile", (session: SandboxSession, text: string) => session.files.readFile(text)],
] as const)(
  "%s with more than a request may have is refused, and the session goes on",
  async (_name, act) => {
    await using session = await open({ run: () => ({ stdout: "still here" }) });
    await expect(act(session, "x".repeat(1_200_000))).rejects.toMatchObject({
      code: "INVALID_OPTION",
      remedy: expect.stringContaining("in a file"),
    });
    expect(await session.run("y")).toMatchObject({ stdout: "still here" });
  },
);

test("an environment that is too large is refused when the session opens", async () => {
  await expect(open({}, { env: { A: "x".repeat(1_200_000) } })).rejects.toMatchObject({
    code: "INVALID_OPTION",
  });
});
