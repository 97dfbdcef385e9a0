import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { ConformanceCase } from "./conformance-case.ts";
import { answers, endsAs, noneMarked, nonce, refused, within } from "./expectations.ts";
import { program } from "./program.ts";

const hopeless: readonly unknown[] = [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 40, "5", null];

export const cancellingCases: readonly ConformanceCase[] = [
  {
    id: "C/hopeless-timeouts",
    title: "time limits that are none are refused before anything runs",
    async run(bench) {
      const session = await bench.shared();
      for (const timeoutMs of hopeless as readonly number[]) {
        await refused(session.run("open('ran', 'w')", { timeoutMs }), "INVALID_OPTION");
        await refused(session.executeCommand("touch ran", { timeoutMs }), "INVALID_OPTION");
        await refused(session.spawn("touch ran", { timeoutMs }), "INVALID_OPTION");
        await refused(() => bench.open({ timeoutMs }), "INVALID_OPTION");
      }
      ok(!(await session.files.exists("ran")));
    },
  },
  {
    id: "C/abort-before",
    title: "a run that was aborted before it started never starts",
    async run(bench) {
      const session = await bench.shared();
      const signal = AbortSignal.abort();
      endsAs(await session.run("open('ran', 'w')", { signal }), "cancelled");
      endsAs(await session.executeCommand("touch ran", { signal }), "cancelled");
      ok(!(await session.files.exists("ran")));
    },
  },
  {
    id: "C/abort-during",
    title: "an aborted run ends with its output so far, and all it started",
    async run(bench) {
      const session = await bench.shared();
      const aborting = new AbortController();
      const code = program`
        import os, time
        open('/proc/self/comm', 'w').write('marked')
        if os.fork() == 0: os.setsid()
        else: print('so far', flush=True)
        time.sleep(600)
      `;
      const running = session.run(code, { signal: aborting.signal, onOutput: () => aborting.abort() });
      const result = await within(10_000, running);
      endsAs(result, "cancelled");
      strictEqual(result.stdout, "so far\n");
      await noneMarked(session);
      await answers(session);
    },
  },
  {
    id: "C/abort-whenever",
    title: "an abort at any moment gives a result, cancelled or whole",
    async run(bench) {
      const session = await bench.shared();
      for (let delayMs = 0; delayMs < 100; delayMs += 5) {
        const signal = AbortSignal.timeout(delayMs);
        const word = nonce();
        const result = await within(10_000, session.run(`print('${word}')`, { signal }));
        ok(["ok", "cancelled"].includes(result.status), result.status);
        if (result.status === "ok") strictEqual(result.stdout, `${word}\n`);
      }
      const late = new AbortController();
      endsAs(await session.run("pass", { signal: late.signal }), "ok");
      late.abort();
      await answers(session);
    },
  },
  {
    id: "C/abort-hundred",
    title: "a hundred runs aborted at once are all cancelled",
    async run(bench) {
      const session = await bench.open({ limits: { processes: 256 } });
      const aborting = new AbortController();
      const { signal } = aborting;
      const running = Array.from({ length: 100 }, () =>
        session.executeCommand(["sleep", "600"], { signal, timeoutMs: 60_000 }),
      );
      await sleep(300);
      aborting.abort();
      const results = await within(20_000, Promise.all(running));
      deepStrictEqual([...new Set(results.map(({ status }) => status))], ["cancelled"]);
      await answers(session);
    },
  },
  {
    id: "C/abort-open",
    title: "an abort while a session opens rejects with the signal's reason",
    async run(bench) {
      for (const delayMs of [0, 30, 80, 150]) {
        const aborting = new AbortController();
        const reason = new Error("enough");
        setTimeout(() => aborting.abort(reason), delayMs);
        const { SandboxSession } = await import("../../session.ts");
        const opening = SandboxSession.open({ ...bench.options(), signal: aborting.signal });
        await within(
          20_000,
          opening.then(
            (session) => session.close(),
            (error: unknown) => strictEqual(error, reason),
          ),
        );
      }
    },
  },
];
