import { ok, strictEqual } from "node:assert/strict";
import { SandboxError } from "../../errors.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { answers, answersOrIsLost, endsAs, okay, reported } from "./expectations.ts";
import { program } from "./program.ts";
import { mebibyte, small, memoryBomb } from "./resources-tools.ts";

export const memoryCases: readonly ConformanceCase[] = [
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
];
