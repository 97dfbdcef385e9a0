import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { SandboxError } from "../../errors.ts";
import { SandboxSession } from "../../session.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { answers, nonce, okay, refused, within } from "./expectations.ts";
import { faultyRuntime } from "./faulty-runtime.ts";
import type { Fault } from "./faulty-runtime.ts";

const lost = ["BOX_LOST", "PROTOCOL_ERROR", "BOX_START_FAILED"] as const;

/** Bytes after which the stream breaks: within HELLO, within a run's output, within its end. */
const moments = [0, 3, 40, 150, 190, 300, 1_000, 5_000, 20_000, 49_000];

/** Opens a session over a stream that breaks, and runs in it; tells how that ended. */
async function runOver(
  bench: Parameters<ConformanceCase["run"]>[0],
  fault: Fault,
): Promise<SandboxError | "right" | "wrong"> {
  const runtime = faultyRuntime(bench.runtime, fault);
  const word = nonce();
  const expected = `${word}\n`.repeat(3_000);
  try {
    const session = await bench.open({ runtime });
    const result = await session.executeCommand(["sh", "-c", `yes ${word} | head -n 3000`], {
      timeoutMs: 2_000,
    });
    await session.close();
    return result.status === "ok" && result.stdout === expected ? "right" : "wrong";
  } catch (error) {
    if (SandboxError.is(error)) return error;
    throw error;
  } finally {
    await within(15_000, Promise.all(runtime.boxes.map((box) => box.destroy().then(() => box.gone))));
  }
}

export const faultCases: readonly ConformanceCase[] = [
  {
    id: "D/close-twice",
    title: "a session can be closed any number of times",
    async run(bench) {
      const session = await bench.open();
      await Promise.all([session.close(), session.close(), session[Symbol.asyncDispose]()]);
      await session.close();
      await within(15_000, session.gone());
      await refused(session.run("print(1)"), "SESSION_CLOSED");
      await refused(session.files.readFile("x"), "SESSION_CLOSED");
      await refused(() => session.createContext(), "SESSION_CLOSED");
      await refused(session.open(), "SESSION_CLOSED");
    },
  },
  {
    id: "D/close-during-runs",
    title: "closing a session ends its runs and transfers with SESSION_CLOSED",
    async run(bench) {
      const session = await bench.open();
      async function* endless(): AsyncGenerator<Uint8Array> {
        for (;;) {
          yield Buffer.alloc(1_000);
          await sleep(20);
        }
      }
      const work = [
        session.run("import time\ntime.sleep(600)"),
        session.executeCommand(["sleep", "600"]),
        session.createContext().run("import time\ntime.sleep(600)"),
        session.files.writeFile("growing", endless()),
      ].map((running) => refused(running, "SESSION_CLOSED"));
      await sleep(300);
      await within(10_000, session.close());
      await within(5_000, Promise.all(work));
    },
  },
  {
    id: "D/close-during-open",
    title: "closing a session while it opens leaves nothing",
    async run(bench) {
      for (const delayMs of [0, 20, 60, 120]) {
        const session = new SandboxSession(bench.options());
        const opening = session.open().then(
          () => "opened",
          (error: unknown) => (SandboxError.is(error) ? error.code : String(error)),
        );
        await sleep(delayMs);
        await session.close();
        const outcome = await within(20_000, opening);
        ok(outcome === "SESSION_CLOSED" || outcome === "opened", outcome);
        await refused(session.run("print(1)"), "SESSION_CLOSED");
      }
    },
  },
  {
    id: "D/order",
    title: "a session that is not open, or is open already, says so",
    async run(bench) {
      const session = new SandboxSession(bench.options());
      await refused(session.run("print(1)"), "SESSION_NOT_OPEN");
      const opening = session.open();
      await refused(session.open(), "INVALID_OPTION");
      await opening;
      await answers(session);
      await session.close();
    },
  },
  {
    id: "D/cut-stream",
    title: "a stream that is cut anywhere gives a typed error, never a wrong result",
    timeoutMs: 120_000,
    async run(bench) {
      for (const afterBytes of moments) {
        const outcome = await within(30_000, runOver(bench, { kind: "cut", afterBytes }));
        if (outcome instanceof Error)
          ok(
            lost.some((code) => code === outcome.code),
            outcome.message,
          );
        else strictEqual(outcome, "right", `cut after ${afterBytes}`);
      }
    },
  },
  {
    id: "D/noisy-stream",
    title: "foreign bytes in a stream are told from the protocol, and end the session",
    timeoutMs: 120_000,
    async run(bench) {
      for (const afterBytes of [0, 4, 190, 20_000]) {
        const outcome = await within(30_000, runOver(bench, { kind: "noise", afterBytes }));
        // In the middle of output nothing tells such bytes from the program's own until the next frame.
        ok(outcome instanceof Error && lost.some((code) => code === outcome.code), String(outcome));
      }
    },
  },
  {
    id: "D/garbled-stream",
    title: "a stream with a changed byte anywhere ends in an error or a result, never in a hang or a crash",
    timeoutMs: 120_000,
    async run(bench) {
      for (const afterBytes of [0, 4, 8, 12, 60, 190, 700, 9_000]) {
        const outcome = await within(40_000, runOver(bench, { kind: "garble", afterBytes }));
        if (outcome instanceof Error) ok(outcome.message.length > 10);
      }
    },
  },
  {
    id: "D/hushed-box",
    title: "a box that stops answering is given up soon after a run's time limit",
    timeoutMs: 90_000,
    async run(bench) {
      const runtime = faultyRuntime(bench.runtime, { kind: "hush", afterBytes: Number.MAX_SAFE_INTEGER });
      const session = await bench.open({ runtime });
      await answers(session);
      runtime.strike();
      const started = performance.now();
      await refused(within(12_000, session.run("print(1)", { timeoutMs: 500 })), "BOX_LOST");
      ok(performance.now() - started < 10_000);
      await refused(session.run("print(1)"), "BOX_LOST");
      await within(15_000, runtime.boxes[0]!.gone);
    },
  },
  {
    id: "D/box-destroyed",
    title: "a box that disappears ends everything under way within two seconds, typed",
    async run(bench) {
      const runtime = faultyRuntime(bench.runtime);
      const [session, other] = await Promise.all([bench.open({ runtime }), bench.open()]);
      const work = [
        ...Array.from({ length: 5 }, () => session.executeCommand(["sleep", "600"])),
        session.run("import time\ntime.sleep(600)"),
        session.createContext().run("import time\ntime.sleep(600)"),
      ].map((running) => refused(running, "BOX_LOST"));
      await sleep(300);
      const destroyed = runtime.boxes[0]!.destroy();
      await within(2_000, Promise.all(work));
      await destroyed;
      const exit = await runtime.boxes[0]!.gone;
      strictEqual(exit.reason, "destroyed");
      await runtime.boxes[0]!.destroy();
      await refused(session.run("print(1)"), "BOX_LOST");
      await refused(session.files.list(), "BOX_LOST");
      await session.close();
      await answers(other);
    },
  },
  {
    id: "D/lifetime",
    title: "a box ends at its lifetime, whatever runs in it",
    async run(bench) {
      const session = await bench.open({ limits: { lifetimeMs: 2_000 } });
      const error = await refused(
        within(15_000, session.run("import time\ntime.sleep(600)", { timeoutMs: 60_000 })),
        "BOX_LOST",
      );
      ok(/lifetime|gone/.test(error.message), error.message);
      await within(15_000, session.gone());
    },
  },
  {
    id: "D/launch-aborted",
    title: "a launch that takes for ever can be aborted",
    async run(bench) {
      const runtime = {
        name: bench.runtime.name,
        features: bench.runtime.features,
        launch: (_spec: unknown, options?: { signal?: AbortSignal }) =>
          new Promise<never>((_resolve, reject) => {
            options?.signal?.addEventListener("abort", () => reject(options.signal!.reason as Error));
          }),
      };
      const reason = new Error("too long");
      const signal = AbortSignal.abort(reason);
      for (const given of [signal, AbortSignal.any([AbortSignal.timeout(100)])]) {
        const opening = SandboxSession.open({ ...bench.options({ runtime }), signal: given });
        const outcome = await within(
          5_000,
          opening.then(
            () => null,
            (error: unknown) => error,
          ),
        );
        strictEqual(outcome, given.reason);
      }
    },
  },
  {
    id: "D/gone",
    title: "a closed session's box disappears by itself",
    async run(bench) {
      const runtime = faultyRuntime(bench.runtime);
      const session = await bench.open({ runtime });
      okay(await session.run("print(1)"));
      await session.close();
      const exit = await within(12_000, runtime.boxes[0]!.gone);
      ok(["exited", "removed", "destroyed"].includes(exit.reason), exit.reason);
    },
  },
  {
    id: "D/full-everything",
    title: "a box whose memory, disk and processes are used up answers again when they are free",
    alone: true,
    async run(bench) {
      const session = await bench.open({ limits: { memoryBytes: 192 * 1_048_576, processes: 32 } });
      const code = `
import os, time
for place in ('/tmp', '/dev/shm', '.'):
    try:
        with open(place + '/full', 'wb', buffering=0) as file:
            while True: file.write(bytes(1 << 20))
    except OSError: pass
while True:
    try:
        if os.fork() == 0:
            hoard = bytearray(1 << 20)
            time.sleep(600)
    except OSError: break
time.sleep(600)`;
      const result = await within(20_000, session.run(code, { timeoutMs: 2_000 }));
      ok(result.status === "timed-out" || result.status === "out-of-memory", result.status);
      await answers(session);
      deepStrictEqual(
        (await session.files.list()).map(({ path }) => path),
        ["full"],
      );
      await session.files.remove("full");
      await session.files.writeFile("new", "content");
    },
  },
];
