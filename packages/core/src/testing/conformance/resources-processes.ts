import { deepStrictEqual, ok } from "node:assert/strict";
import type { ConformanceCase } from "./conformance-case.ts";
import { SandboxError } from "../../errors.ts";
import type { ExecutionResult } from "../../execution.ts";
import { answers, answersOrIsLost, endsAs, noneMarked, okay, reported, within } from "./expectations.ts";
import { program } from "./program.ts";
import { small, memoryBomb } from "./resources-tools.ts";

const markMe = "open('/proc/self/comm', 'w').write('marked')";

/** Every process of it carries the mark; none may be left when the run has ended. */
function processBomb(id: string, what: string, code: string): ConformanceCase {
  return {
    id,
    title: `${what} ends at its time limit, wholly, and the session still answers`,
    alone: true,
    async run(bench) {
      const session = await bench.open();
      const result = await within(15_000, session.run(code, { timeoutMs: 1_500 }));
      ok(result.status === "timed-out" || result.status === "failed", result.status);
      await noneMarked(session);
      await answers(session);
    },
  };
}

export const processLimitCases: readonly ConformanceCase[] = [
  processBomb(
    "A/fork-bomb",
    "a fork bomb",
    program`
      import os
      ${markMe}
      while True:
          try: os.fork()
          except OSError: pass
    `,
  ),
  processBomb(
    "A/fork-bomb-detached",
    "a fork bomb whose processes detach and ignore signals",
    program`
      import os, signal
      ${markMe}
      for number in range(1, 65):
          try: signal.signal(number, signal.SIG_IGN)
          except (OSError, ValueError): pass
      while True:
          try:
              if os.fork() == 0: os.setsid()
          except OSError: pass
    `,
  ),
  processBomb(
    "A/exec-storm",
    "a storm of fresh programs",
    program`
      import os
      ${markMe}
      while True:
          try:
              if os.fork() == 0:
                  os.execv('/bin/sh', ['sh', '-c', 'marked=1; /bin/true & /bin/true & sleep 0.01'])
          except OSError: pass
          try: os.waitpid(-1, os.WNOHANG)
          except ChildProcessError: pass
    `,
  ),
  {
    id: "A/fork-bomb-shell",
    title: "a shell's fork bomb that leaves its leader is swept",
    alone: true,
    async run(bench) {
      const session = await bench.open();
      const bomb = "printf marked > /proc/self/comm; bomb() { bomb | bomb & }; bomb; sleep 0.3";
      const result = await within(15_000, session.executeCommand(["bash", "-c", bomb], { timeoutMs: 3_000 }));
      ok(result.status !== "out-of-memory");
      await noneMarked(session);
      await answers(session);
    },
  },
  {
    id: "A/threads",
    title: "a thread bomb meets its limit as an error that the program can handle",
    async run(bench) {
      const session = await bench.open({ limits: { processes: 64 } });
      const result = await session.run(program`
        import threading
        stop = threading.Event()
        started = 0
        try:
            for _ in range(5000):
                threading.Thread(target=stop.wait, daemon=True).start()
                started += 1
        except RuntimeError:
            pass
        stop.set()
        print(started)
      `);
      const started = reported<number>(result);
      ok(started >= 8 && started <= 64, `${started} threads`);
      await answers(session);
    },
  },
  memoryBomb(
    "A/memfd",
    "anonymous files",
    program`
      block = bytes(1 << 20)
      try:
          while True:
              handle = os.memfd_create('x')
              for _ in range(8): got += os.write(handle, block)
      except OSError: pass
    `,
  ),
  memoryBomb(
    "A/shared-mappings",
    "shared mappings",
    program`
      hoard = []
      try:
          while True:
              area = mmap.mmap(-1, 4 << 20)
              area.write(bytes(4 << 20))
              hoard.append(area)
              got += 4 << 20
      except OSError: pass
    `,
  ),
  memoryBomb(
    "A/socket-buffers",
    "unread sockets",
    program`
      for _ in range(6):
          if os.fork() == 0: break
      pairs = []
      try:
          while True:
              pair = socket.socketpair()
              pair[0].setblocking(False)
              pairs.append(pair)
              try:
                  while True: got += pair[0].send(bytes(32768))
              except BlockingIOError: pass
      except OSError: pass
      got *= 7
    `,
  ),
  memoryBomb(
    "A/pipe-buffers",
    "unread pipes",
    program`
      pipes = []
      try:
          while True:
              pair = os.pipe()
              os.set_blocking(pair[1], False)
              pipes.append(pair)
              try: fcntl.fcntl(pair[1], 1031, 1 << 20)
              except OSError: pass
              try:
                  while True: got += os.write(pair[1], bytes(65536))
              except BlockingIOError: pass
      except OSError: pass
    `,
  ),
  {
    id: "A/spinners",
    title: "fifty processes that spin end at their time limit",
    alone: true,
    async run(bench) {
      const session = await bench.open();
      const started = performance.now();
      const result = await session.run(
        program`
          import os
          ${markMe}
          for _ in range(50):
              if os.fork() == 0: break
          while True: pass
        `,
        { timeoutMs: 1_000 },
      );
      const tookMs = performance.now() - started;
      endsAs(result, "timed-out");
      ok(tookMs < 4_000, `it took ${tookMs} ms`);
      await noneMarked(session);
      await answers(session);
    },
  },
  {
    id: "A/process-chain",
    title: "a chain of sixty processes, each the child of the one before, is ended whole",
    async run(bench) {
      const session = await bench.shared();
      const result = await session.run(
        program`
          import os, time
          ${markMe}
          for depth in range(60):
              if os.fork() > 0: break
              os.setsid()
          time.sleep(60)
        `,
        { timeoutMs: 1_000 },
      );
      endsAs(result, "timed-out");
      await noneMarked(session);
    },
  },
  {
    id: "A/zombies",
    title: "zombies and orphans are gone after their run",
    async run(bench) {
      const session = await bench.shared();
      okay(
        await session.run(program`
          import os
          ${markMe}
          for number in range(60):
              if os.fork() == 0:
                  if number % 2 and os.fork() > 0: os._exit(0)
                  os._exit(0)
        `),
      );
      const states = okay(
        await session.executeCommand(["sh", "-c", "cat /proc/[0-9]*/stat 2>/dev/null; true"]),
      );
      ok(!/\) Z /.test(states.stdout), states.stdout);
      await answers(session);
    },
  },
  {
    id: "A/limits-stay",
    title: "no limit can be raised, and no priority",
    async run(bench) {
      const session = await bench.shared();
      const attempts = reported<Record<string, boolean>>(
        await session.run(program`
          import ctypes, json, os, resource
          attempts = {}
          def attempt(name, action):
              try:
                  action()
                  attempts[name] = True
              except Exception as error: attempts[name] = repr(error)
          for name in ('CORE', 'NOFILE', 'NPROC', 'FSIZE', 'MEMLOCK'):
              kind = getattr(resource, 'RLIMIT_' + name)
              hard = resource.getrlimit(kind)[1]
              if hard == resource.RLIM_INFINITY: attempts[name] = True
              else: attempt(name, lambda: resource.setrlimit(kind, (hard + 1, hard + 1)))
          attempt('nice', lambda: os.nice(-5))
          attempt('real-time', lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))
          def protect():
              with open('/proc/self/oom_score_adj', 'w') as file: file.write('-500')
          attempt('oom score', protect)
          libc = ctypes.CDLL(None, use_errno=True)
          def lock():
              area = ctypes.create_string_buffer(64 << 20)
              if libc.mlock(area, 64 << 20) != 0: raise OSError(ctypes.get_errno())
          attempt('lock memory', lock)
          print(json.dumps(attempts))
        `),
      );
      const raised = Object.entries(attempts).filter(([, outcome]) => outcome === true);
      deepStrictEqual(raised, []);
    },
  },
  {
    id: "A/starved-agent",
    title:
      "a program that takes the processor away from the agent ends in time, or with its session, and no other",
    alone: true,
    async run(bench) {
      const [hostile, other] = await Promise.all([bench.open(), bench.open()]);
      const code = program`
        import os
        ${markMe}
        for thread in (os.listdir('/proc/1/task') if os.path.isdir('/proc/1/task') else []):
            for change in (
                lambda: os.sched_setscheduler(int(thread), os.SCHED_IDLE, os.sched_param(0)),
                lambda: os.setpriority(os.PRIO_PROCESS, int(thread), 19),
                lambda: os.sched_setaffinity(int(thread), {0}),
            ):
                try: change()
                except OSError: pass
        try: os.setpriority(os.PRIO_USER, 0, 19)
        except OSError: pass
        os.sched_setaffinity(0, {0})
        for _ in range(40):
            if os.fork() == 0: break
        while True: pass
      `;
      const run = hostile.run(code, { timeoutMs: 1_500 }).catch((error: unknown) => error);
      const outcome = await within(30_000, run);
      if (outcome instanceof Error) ok(SandboxError.is(outcome, "BOX_LOST"), String(outcome));
      else endsAs(outcome as ExecutionResult, "timed-out");
      await answersOrIsLost(hostile);
      await answers(other);
    },
  },
  {
    id: "A/neighbour",
    title: "a box that spins, hoards and writes disturbs no result of another",
    alone: true,
    async run(bench) {
      const [noisy, quiet] = await Promise.all([bench.open({ limits: small }), bench.open()]);
      const noise = noisy.run(
        program`
          import os
          for _ in range(30):
              if os.fork() == 0: break
          while True: open('/tmp/noise-' + str(os.getpid()), 'wb').write(bytes(1 << 16))
        `,
        { timeoutMs: 3_000 },
      );
      for (let round = 0; round < 10; round += 1) await answers(quiet);
      await noise;
      await answers(noisy);
    },
  },
];
