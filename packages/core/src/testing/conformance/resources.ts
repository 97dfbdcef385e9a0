import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { SandboxError } from "../../errors.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import {
  answers,
  answersOrIsLost,
  endsAs,
  noneMarked,
  okay,
  refused,
  reported,
  within,
} from "./expectations.ts";
import { program } from "./program.ts";

const mebibyte = 1_048_576;
/** Room for an interpreter, little for an attack. */
const small = { memoryBytes: 192 * mebibyte, diskBytes: 32 * mebibyte };

const markMe = "open('/proc/self/comm', 'w').write('marked')";

/** Fills memory of the kernel's or the process's in some way, and reports how much it got if it lives. */
function memoryBomb(id: string, what: string, fill: string, most = small.memoryBytes): ConformanceCase {
  return {
    id,
    title: `${what} cannot take more than the box's memory`,
    async run(bench) {
      const session = await bench.open({ limits: small });
      const result = await session.run(`import fcntl, mmap, os, socket\ngot = 0\n${fill}\nprint(got)`, {
        timeoutMs: 20_000,
      });
      if (result.status === "ok") ok(reported<number>(result) <= most, `it got ${result.stdout} bytes`);
      else ok(result.status === "out-of-memory" || result.status === "failed", result.status);
      await answers(session);
    },
  };
}

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

export const resourceCases: readonly ConformanceCase[] = [
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
  {
    id: "A/memory-bomb",
    title: "a memory bomb is reported as out-of-memory and the session goes on",
    async run(bench) {
      const session = await bench.open({ limits: small });
      const result = await session.run(program`
        print("before", flush=True)
        hoard = []
        while True: hoard.append(bytearray(4 << 20))
      `);
      endsAs(result, "out-of-memory");
      strictEqual(result.stdout, "before\n");
      await answers(session);
    },
  },
  {
    id: "A/memory-bomb-hidden",
    title: "a memory bomb in a child is reported, also when its parent ends well",
    async run(bench) {
      const session = await bench.open({ limits: small });
      const result = await session.run(program`
        import os
        child = os.fork()
        if child == 0:
            hoard = []
            while True: hoard.append(bytearray(4 << 20))
        os.waitpid(child, 0)
        print("all is well")
      `);
      endsAs(result, "out-of-memory");
      await answers(session);
      endsAs(await session.run("print(1)"), "ok");
    },
  },
  {
    id: "A/memory-bomb-javascript",
    title: "buffers of JavaScript cannot take more than the box's memory",
    async run(bench) {
      const session = await bench.open({ lang: "javascript", limits: small });
      const result = await session.run("const hoard = []; for (;;) hoard.push(Buffer.alloc(4 << 20, 1))");
      ok(result.status === "out-of-memory" || result.status === "failed", result.status);
      await answers(session);
    },
  },
  {
    id: "A/memory-bomb-many",
    title: "a memory bomb of many processes leaves a session that answers",
    alone: true,
    async run(bench) {
      const session = await bench.open({ limits: small });
      const result = await session.run(
        program`
          import os
          for _ in range(20):
              if os.fork() == 0: break
          hoard = []
          while True: hoard.append(bytearray(1 << 20))
        `,
        { timeoutMs: 10_000 },
      );
      ok(result.status === "out-of-memory" || result.status === "timed-out", result.status);
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
    "A/shared-memory-folder",
    "files in /dev/shm",
    program`
      block = bytes(1 << 20)
      try:
          with open('/dev/shm/bomb', 'wb', buffering=0) as file:
              while True: got += file.write(block)
      except OSError: pass
    `,
    64 * mebibyte,
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
    id: "A/disk-full",
    title:
      "a full workspace is an error for the program and DISK_FULL for the host, until something is removed",
    async run(bench) {
      const session = await bench.open({ limits: small });
      const written = reported<number>(
        await session.run(program`
          import errno
          got = 0
          try:
              for number in range(100):
                  with open(f'full-{number}', 'wb', buffering=0) as file:
                      while got < 1 << 30: 
                          wrote = file.write(bytes(1 << 20))
                          got += wrote
          except OSError as error:
              assert error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT), error
          print(got)
        `),
      );
      ok(written > small.diskBytes / 2 && written <= small.diskBytes + mebibyte, `${written} bytes`);
      await refused(
        session.files.writeFile("more", Buffer.alloc(2 * mebibyte)),
        "DISK_FULL",
        "FILE_TOO_LARGE",
      );
      ok(!(await session.files.exists("more")));
      await answers(session);
      okay(await session.executeCommand("rm full-*"));
      await session.files.writeFile("more", Buffer.alloc(2 * mebibyte));
    },
  },
  {
    id: "A/scratch-full",
    title: "a full /tmp stops no later run",
    async run(bench) {
      const session = await bench.open({ limits: small });
      const fill = "head -c 1G /dev/zero > /tmp/full; wc -c < /tmp/full";
      const result = await session.executeCommand(["sh", "-c", fill]);
      ok(Number(result.stdout) <= small.diskBytes, result.stdout);
      await answers(session);
      await session.files.writeFile("still", "possible");
    },
  },
  {
    id: "A/inodes",
    title: "the number of files is limited, with DISK_FULL for the host, until some are removed",
    async run(bench) {
      const session = await bench.open({ limits: { ...small, diskEntries: 300 } });
      const made = reported<number>(
        await session.run(program`
          import errno, os
          made = 0
          try:
              for number in range(5000):
                  os.close(os.open(f'entry-{number}', os.O_CREAT | os.O_WRONLY))
                  made += 1
          except OSError as error:
              assert error.errno in (errno.ENOSPC, errno.EDQUOT), error
          print(made)
        `),
      );
      ok(made > 100 && made <= 300, `${made} files`);
      await refused(session.files.writeFile("more", "x"), "DISK_FULL");
      okay(await session.executeCommand("rm entry-1*"));
      await session.files.writeFile("more", "x");
    },
  },
  {
    id: "A/sparse-file",
    title: "a file that claims to be huge costs the host nothing",
    async run(bench) {
      const session = await bench.open({ limits: small });
      okay(
        await session.run(program`
          import os
          for size in (1 << 42, 1 << 33, 24 << 20):
              try:
                  with open('sparse', 'wb') as file: file.truncate(size)
                  break
              except OSError: pass
          for number in range(40): os.link('sparse', f'sparse-{number}')
        `),
      );
      const before = process.memoryUsage().rss;
      await refused(session.files.readFile("sparse", { maxBytes: mebibyte }), "FILE_TOO_LARGE");
      const folder = await bench.folder();
      await refused(
        session.copyFromRuntime(".", `${folder}/all`, { maxBytes: 32 * mebibyte }),
        "FILE_TOO_LARGE",
      );
      ok(process.memoryUsage().rss - before < 200 * mebibyte);
      await answers(session);
    },
  },
  {
    id: "A/descriptors",
    title: "open files are limited, and the next run has its own",
    async run(bench) {
      const session = await bench.shared({ limits: { openFiles: 128 } });
      const result = await session.run(program`
        import errno, os
        opened = 0
        try:
            while opened < 100000:
                os.open('/dev/null', os.O_RDONLY)
                opened += 1
        except OSError as error:
            assert error.errno == errno.EMFILE, error
        sent = os.write(1, str(opened).encode() + b'\n')
      `);
      const opened = reported<number>(result);
      ok(opened > 60 && opened <= 128, `${opened} files`);
      await answers(session);
    },
  },
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
    id: "A/core-dump",
    title: "a crash writes no core file, and core files cannot be switched on",
    async run(bench) {
      const session = await bench.shared();
      const result = await session.run(program`
        import os, resource
        for limit in ((resource.RLIM_INFINITY,) * 2, (1 << 20, 1 << 20)):
            try: resource.setrlimit(resource.RLIMIT_CORE, limit)
            except (ValueError, OSError): pass
        print(resource.getrlimit(resource.RLIMIT_CORE), flush=True)
        os.abort()
      `);
      deepStrictEqual([result.status, result.signal], ["failed", "SIGABRT"]);
      strictEqual(result.stdout, "(0, 0)\n");
      deepStrictEqual(await session.files.list(), []);
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
    id: "A/writable-places",
    title: "everything writable is in memory and limited, also what an image declares as a volume",
    async run(bench) {
      const session = await bench.shared();
      const places = reported<readonly { path: string; kind: string }[]>(
        await session.run(program`
          import json, os
          mounts = []
          for line in open('/proc/self/mounts'):
              device, path, kind, *_ = line.split(' ')
              mounts.append((path.encode().decode('unicode_escape'), kind))
          def kind_of(path):
              found = ('', '')
              for mount in mounts:
                  inside = path == mount[0] or path.startswith(mount[0].rstrip('/') + '/')
                  if inside and len(mount[0]) >= len(found[0]): found = mount
              return found[1]
          writable = []
          for top, folders, files in os.walk('/'):
              if top.split('/')[1] in ('proc', 'sys'):
                  folders.clear()
                  continue
              for path in [top] + [os.path.join(top, name) for name in files]:
                  if os.access(path, os.W_OK) and not os.path.islink(path):
                      writable.append({'path': path, 'kind': kind_of(path)})
          print(json.dumps(writable))
        `),
      );
      const memory = ["tmpfs", "devtmpfs", "devpts", "mqueue"];
      deepStrictEqual(
        places.filter(({ path, kind }) => !memory.includes(kind) && !path.startsWith("/dev/")),
        [],
      );
      ok(places.some(({ path }) => path === "/workspace"));
    },
  },
  {
    id: "A/shared-memory-segments",
    title: "System V shared memory is counted as the box's memory",
    async run(bench) {
      const session = await bench.open({ limits: small });
      const result = await session.run(
        program`
          import ctypes, json
          libc = ctypes.CDLL(None, use_errno=True)
          libc.shmat.restype = ctypes.c_void_p
          got = 0
          for _ in range(64):
              segment = libc.shmget(0, 16 << 20, 0o1600)
              if segment < 0: break
              address = libc.shmat(segment, None, 0)
              if address in (None, ctypes.c_void_p(-1).value): break
              ctypes.memset(address, 1, 16 << 20)
              got += 16 << 20
          print(got)
        `,
        { timeoutMs: 20_000 },
      );
      if (result.status === "ok") ok(reported<number>(result) <= small.memoryBytes);
      else endsAs(result, "out-of-memory");
      // The segments would live as long as the box: they end with the run that made them.
      await answersOrIsLost(session);
      const left = await session
        .run(
          program`
          lists = [open('/proc/sysvipc/' + kind).read().splitlines()[1:] for kind in ('shm', 'sem', 'msg')]
          print(sum(len(lines) for lines in lists))
        `,
        )
        .catch((error: unknown) => ok(SandboxError.is(error, "BOX_LOST")));
      if (left) strictEqual(okay(left).stdout, "0\n");
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
