import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { ConformanceCase } from "./conformance-case.ts";
import { answers, endsAs, noneMarked, okay, refused, within } from "./expectations.ts";
import { program } from "./program.ts";

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

export const killingCases: readonly ConformanceCase[] = [
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
];
