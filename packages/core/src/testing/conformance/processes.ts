import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { ConformanceCase } from "./conformance-case.ts";
import { answers, endsAs, noneMarked, nonce, okay, refused, reported, within } from "./expectations.ts";
import { program } from "./program.ts";

const selfInflicted = [
  "HUP",
  "INT",
  "QUIT",
  "ILL",
  "ABRT",
  "BUS",
  "FPE",
  "KILL",
  "USR1",
  "SEGV",
  "PIPE",
  "ALRM",
  "TERM",
  "XCPU",
  "SYS",
];
const hopeless: readonly unknown[] = [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 40, "5", null];

/** A daemon of each kind has to be gone once its run has ended. */
function daemon(
  id: string,
  what: string,
  lang: "python" | "javascript" | "bash",
  code: string,
): ConformanceCase {
  return {
    id,
    title: `${what} does not outlive its run`,
    async run(bench) {
      const session = await bench.shared({ lang });
      const result = await within(15_000, session.run(code, { timeoutMs: 10_000 }));
      strictEqual(okay(result).stdout.trim(), "done");
      await noneMarked(session);
      await answers(session);
    },
  };
}

export const processCases: readonly ConformanceCase[] = [
  {
    id: "C/exit-codes",
    title: "every exit code from 0 to 255 is told exactly",
    async run(bench) {
      const session = await bench.shared();
      for (let first = 0; first < 256; first += 16) {
        const codes = Array.from({ length: 16 }, (_, offset) => first + offset);
        const results = await Promise.all(
          codes.map((code) => session.executeCommand(["sh", "-c", `exit ${code}`])),
        );
        deepStrictEqual(
          results.map(({ status, exitCode, signal }) => [status, exitCode, signal]),
          codes.map((code) => [code === 0 ? "ok" : "failed", code, null]),
        );
      }
    },
  },
  {
    id: "C/exit-codes-python",
    title: "a program's own exit codes are no signals, no timeouts and no lack of memory",
    async run(bench) {
      const session = await bench.shared();
      for (const code of [0, 1, 3, 124, 127, 134, 137, 139, 143, 255]) {
        for (const way of ["sys.exit", "os._exit"]) {
          const result = await session.run(`import os, sys\n${way}(${code})`);
          const expected = [code === 0 ? "ok" : "failed", code, null];
          deepStrictEqual([result.status, result.exitCode, result.signal], expected);
        }
      }
    },
  },
  {
    id: "C/signals",
    title: "a program that a signal ended is told by the signal's name",
    async run(bench) {
      const session = await bench.shared();
      for (const name of selfInflicted) {
        const code = `import os, signal\nsignal.signal(${/KILL/.test(name) ? "signal.SIGTERM" : `signal.SIG${name}`}, signal.SIG_DFL)\nos.kill(os.getpid(), signal.SIG${name})\nimport time\ntime.sleep(5)`;
        const result = await session.run(code);
        deepStrictEqual([result.status, result.exitCode, result.signal], ["failed", null, `SIG${name}`]);
      }
    },
  },
  {
    id: "C/ignored-signals",
    title: "a program that ignores every signal ends at its time limit",
    async run(bench) {
      const session = await bench.shared();
      const code = program`
        import signal, time
        open('/proc/self/comm', 'w').write('marked')
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        while True: time.sleep(1)
      `;
      const result = await within(10_000, session.run(code, { timeoutMs: 1_000 }));
      endsAs(result, "timed-out");
      await noneMarked(session);
    },
  },
  {
    id: "C/self-stop",
    title: "a program that stops itself ends at its time limit",
    async run(bench) {
      const session = await bench.shared();
      const code = "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nprint('on')";
      endsAs(await within(10_000, session.run(code, { timeoutMs: 1_000 })), "timed-out");
      await answers(session);
    },
  },
  {
    id: "C/stopped-child",
    title: "a stopped child holds no result up and is swept",
    async run(bench) {
      const session = await bench.shared();
      const code = program`
        import os, signal, time
        child = os.fork()
        if child == 0:
            open('/proc/self/comm', 'w').write('marked')
            os.kill(os.getpid(), signal.SIGSTOP)
        os.waitpid(child, os.WUNTRACED)
        print('done')
      `;
      strictEqual(okay(await within(10_000, session.run(code))).stdout, "done\n");
      await noneMarked(session);
    },
  },
  {
    id: "C/traced-child",
    title: "a child that stops under trace, where tracing works at all, is swept",
    async run(bench) {
      const session = await bench.shared();
      const code = program`
        import ctypes, os, signal
        child = os.fork()
        if child == 0:
            open('/proc/self/comm', 'w').write('marked')
            ctypes.CDLL(None).ptrace(0, 0, 0, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
        os.waitpid(child, os.WUNTRACED)
        print('done')
      `;
      strictEqual(okay(await within(10_000, session.run(code))).stdout, "done\n");
      await noneMarked(session);
    },
  },
  daemon(
    "C/daemon",
    "a daemon that forked twice, has a session of its own and ignores signals",
    "python",
    program`
      import os, signal, time
      if os.fork() == 0:
          os.setsid()
          if os.fork() > 0: os._exit(0)
          open('/proc/self/comm', 'w').write('marked')
          for number in range(1, 65):
              try: signal.signal(number, signal.SIG_IGN)
              except (OSError, ValueError): pass
          for stream in range(256):
              try: os.close(stream)
              except OSError: pass
          time.sleep(600)
      os.wait()
      time.sleep(0.1)
      print('done')
    `,
  ),
  daemon(
    "C/daemon-javascript",
    "a detached child of JavaScript",
    "javascript",
    program`
      const { spawn } = require("node:child_process");
      spawn("sh", ["-c", "marked=1; while :; do sleep 1; done"], { detached: true, stdio: "ignore" }).unref();
      setTimeout(() => console.log("done"), 100);
    `,
  ),
  daemon(
    "C/daemon-bash",
    "a background process of a shell",
    "bash",
    program`
      (trap '' HUP INT TERM; exec -a marked sleep 600) &
      setsid sh -c 'marked=1; while :; do sleep 1; done' > /dev/null 2>&1 < /dev/null &
      disown -a
      sleep 0.1
      echo done
    `,
  ),
  daemon(
    "C/comet",
    "a process that forks and ends without pause, never long enough under one number to be hit",
    "python",
    program`
      import os, time
      for _ in range(4):
          if os.fork() == 0:
              os.setsid()
              open('/proc/self/comm', 'w').write('marked')
              while True:
                  try:
                      if os.fork() > 0: os._exit(0)
                  except OSError: pass
      time.sleep(0.3)
      print('done')
    `,
  ),
  {
    id: "C/kill-all",
    title: "a program that kills everything it can kills its own run, and no later one",
    async run(bench) {
      const session = await bench.open();
      for (const signal of ["KILL", "TERM", "STOP"]) {
        const code = `import os, signal, time\nos.kill(-1, signal.SIG${signal})\nprint('alive')\ntime.sleep(0.2)`;
        const result = await within(15_000, session.run(code, { timeoutMs: 2_000 }));
        ok(result.status !== "out-of-memory" && result.status !== "cancelled", result.status);
        await answers(session);
      }
    },
  },
  {
    id: "C/signal-agent",
    title: "no signal to the first process does anything",
    async run(bench) {
      const session = await bench.open();
      const code = program`
        import os, signal
        for number in range(1, 65):
            try: os.kill(1, number)
            except OSError: pass
        try:
            handle = os.pidfd_open(1)
            for number in range(1, 65):
                try: signal.pidfd_send_signal(handle, number)
                except OSError: pass
        except OSError: pass
        print('tried')
      `;
      strictEqual(okay(await session.run(code)).stdout, "tried\n");
      await answers(session);
      okay(await session.executeCommand("kill -9 1; kill -STOP 1; kill -ABRT 1; true"));
      await answers(session);
    },
  },
  {
    id: "C/signal-flood",
    title: "a flood of signals to the first process delays it at most",
    async run(bench) {
      const session = await bench.open();
      const code = program`
        import os, signal, time
        until = time.time() + 1
        sent = 0
        while time.time() < until:
            for number in (signal.SIGCHLD, signal.SIGURG, signal.SIGTERM, signal.SIGINT, signal.SIGCONT, signal.SIGPROF, 34):
                try: os.kill(1, number)
                except OSError: pass
                sent += 1
        print(sent > 100)
      `;
      strictEqual(okay(await session.run(code, { timeoutMs: 10_000 })).stdout, "True\n");
      await answers(session);
    },
  },
  {
    id: "C/stdin-absent",
    title: "without input a program reads an end of file at once",
    async run(bench) {
      const session = await bench.shared();
      const result = await session.run("import sys\nprint(repr(sys.stdin.read()))\ninput()");
      endsAs(result, "failed");
      deepStrictEqual([result.stdout, result.error?.name], ["''\n", "EOFError"]);
    },
  },
  {
    id: "C/stdin-bytes",
    title: "four megabytes of input arrive byte for byte",
    async run(bench) {
      const session = await bench.shared();
      const input = Buffer.alloc(4_000_000, Buffer.from([0, 10, 13, 255, 26, 4, 128]));
      const code = "import hashlib, sys\nprint(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())";
      const expected = createHash("sha256").update(input).digest("hex");
      strictEqual(okay(await session.run(code, { stdin: input })).stdout, `${expected}\n`);
    },
  },
  {
    id: "C/stdin-ignored",
    title: "a program need not read its input, however much there is",
    async run(bench) {
      const session = await bench.shared();
      const result = await within(10_000, session.run("print('done')", { stdin: Buffer.alloc(4_000_000) }));
      strictEqual(okay(result).stdout, "done\n");
      async function* endless(): AsyncGenerator<Uint8Array> {
        for (;;) {
          yield Buffer.alloc(65_536);
          await sleep(1);
        }
      }
      const early = await within(
        10_000,
        session.run("import os\nos.read(0, 10)\nprint('done')", { stdin: endless() }),
      );
      strictEqual(okay(early).stdout, "done\n");
      await answers(session);
    },
  },
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
  {
    id: "C/at-once",
    title: "runs of one session at the same time get their own results",
    async run(bench) {
      const session = await bench.shared();
      const words = Array.from({ length: 12 }, nonce);
      const results = await Promise.all(
        words.map((word, index) =>
          session.run(
            `import sys, time\nprint('${word}')\ntime.sleep(0.1)\nprint(sys.stdin.read())\nsys.exit(${index})`,
            { stdin: word },
          ),
        ),
      );
      deepStrictEqual(
        results.map(({ stdout, exitCode }) => [stdout, exitCode]),
        words.map((word, index) => [`${word}\n${word}\n`, index]),
      );
    },
  },
  {
    id: "C/spawn",
    title: "a spawned process can be written to, signalled, stopped and killed",
    async run(bench) {
      const session = await bench.shared();
      const echo = await session.spawn(["cat"], { stdin: true });
      echo.stdin.end("to and fro\n");
      strictEqual(await text(echo.stdout), "to and fro\n");
      strictEqual((await echo.exit).exitCode, 0);
      const stopped = await session.spawn(["sleep", "600"]);
      stopped.kill("SIGSTOP");
      stopped.kill("SIGTERM");
      await sleep(50);
      stopped.kill();
      stopped.stdout.resume();
      stopped.stderr.resume();
      ok((await within(10_000, stopped.exit)).exitCode === null);
      const ended = await session.spawn(["sleep", "600"]);
      ended.kill("SIGTERM");
      strictEqual((await within(10_000, ended.exit)).signal, "SIGTERM");
      await answers(session);
    },
  },
  {
    id: "C/not-there",
    title: "a command that is not there ends as in a shell",
    async run(bench) {
      const session = await bench.shared();
      const result = await session.executeCommand(["no-such-program", "--help"]);
      deepStrictEqual([result.status, result.exitCode], ["failed", 127]);
      await session.files.writeFile("plain", "text");
      strictEqual((await session.executeCommand(["./plain"])).exitCode, 126);
    },
  },
  {
    id: "C/replaced",
    title: "a program that replaces itself by another ends as the other",
    async run(bench) {
      const session = await bench.shared();
      const result = await session.run("import os\nos.execv('/bin/sh', ['sh', '-c', 'echo other; exit 7'])");
      deepStrictEqual([result.status, result.exitCode, result.stdout], ["failed", 7, "other\n"]);
    },
  },
  {
    id: "C/leader-leaves",
    title: "children that a leader leaves behind by the dozen are swept and delay nothing",
    async run(bench) {
      const session = await bench.shared();
      const code = program`
        import os, time
        open('/proc/self/comm', 'w').write('marked')
        for _ in range(40):
            if os.fork() == 0: time.sleep(600)
        print('done', flush=True)
        os._exit(5)
      `;
      const result = await within(10_000, session.run(code));
      deepStrictEqual([result.exitCode, result.stdout], [5, "done\n"]);
      await noneMarked(session);
    },
  },
  {
    id: "C/context-stubborn",
    title: "a context whose run ignores interrupts is ended, and a new one works",
    async run(bench) {
      const session = await bench.open();
      const context = session.createContext();
      okay(await context.run("kept = 41"));
      const gentle = await context.run("import time\ntime.sleep(60)", { timeoutMs: 500 });
      endsAs(gentle, "timed-out");
      strictEqual(okay(await context.run("print(kept + 1)")).stdout, "42\n");
      const stubborn = program`
        while True:
            try:
                while True: pass
            except KeyboardInterrupt: pass
      `;
      endsAs(await within(20_000, context.run(stubborn, { timeoutMs: 500 })), "timed-out");
      await refused(context.run("print(kept)"), "CONTEXT_CLOSED");
      strictEqual(okay(await session.createContext().run("print(2)")).stdout, "2\n");
    },
  },
  {
    id: "C/context-ends",
    title: "a context that a program ends says so, and never mixes its runs' output",
    async run(bench) {
      const session = await bench.open();
      const context = session.createContext();
      const results = await Promise.all(
        ["a", "b", "c", "d"].map((word) => context.run(`print('${word}' * 1000)`)),
      );
      deepStrictEqual(
        results.map(({ stdout }) => stdout),
        ["a", "b", "c", "d"].map((word) => `${word.repeat(1_000)}\n`),
      );
      const last = await within(10_000, context.run("import os\nos._exit(9)"));
      deepStrictEqual([last.status, last.exitCode], ["failed", 9]);
      await refused(context.run("print(1)"), "CONTEXT_CLOSED");
      await answers(session);
    },
  },
  {
    id: "C/clean-environment",
    title: "a program starts with clean streams, signals, groups and an environment of its own",
    async run(bench) {
      const session = await bench.shared();
      const seen = reported<{ handles: number[]; blocked: string; ignored: string; umask: number }>(
        await session.run(program`
          import json, os
          status = dict(line.split(':\t', 1) for line in open('/proc/self/status').read().splitlines() if ':\t' in line)
          handles = []
          for handle in range(3, 1024):
              try: os.fstat(handle)
              except OSError: continue
              handles.append(handle)
          print(json.dumps({'handles': handles, 'blocked': status['SigBlk'], 'ignored': status['SigIgn'], 'umask': os.umask(0)}))
        `),
      );
      ok(seen.handles.length <= 2, `open descriptors ${seen.handles}`);
      strictEqual(BigInt(`0x${seen.blocked}`), 0n);
      // Python itself ignores SIGPIPE and SIGXFSZ.
      strictEqual(BigInt(`0x${seen.ignored}`) & ~((1n << 12n) | (1n << 24n)), 0n);
      strictEqual(seen.umask, 0o22);
    },
  },
  {
    id: "C/broken-input",
    title: "a source of input that fails ends the run with its very error, and the session goes on",
    async run(bench) {
      const session = await bench.shared();
      const mine = new Error("mine");
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield Buffer.from("half");
        throw mine;
      }
      const code = "open('/proc/self/comm', 'w').write('marked')\nimport time\ntime.sleep(60)";
      const running = session.run(code, { stdin: broken() });
      await rejects(within(10_000, running), (error) => error === mine);
      await noneMarked(session);
      await answers(session);
      await refused(session.run("pass", { stdin: 5 as unknown as string }), "INVALID_OPTION");
    },
  },
];
