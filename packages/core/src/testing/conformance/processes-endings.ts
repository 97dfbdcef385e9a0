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

export const endingCases: readonly ConformanceCase[] = [
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
