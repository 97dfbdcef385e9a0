import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { CaseLanguage, ConformanceCase } from "./conformance-case.ts";
import { allFailed, answers, answersOrIsLost, okay, reported, within } from "./expectations.ts";
import { program } from "./program.ts";

/** Attacks everything a later run might come from, and tells what it could do to whom. */
const tamper = program`
  import ctypes, json, os, signal
  libc = ctypes.CDLL(None, use_errno=True)
  done = {}
  def attempt(name, action):
      try: action()
      except Exception as error: return
      done.setdefault(name, []).append(pid)
  def opening(path, flags): os.close(os.open(path, flags))
  def called(result):
      if result < 0: raise OSError(ctypes.get_errno())
  for pid in [int(name) for name in os.listdir('/proc') if name.isdigit()]:
      if pid == os.getpid(): continue
      base = '/proc/%d/' % pid
      for name in ('mem', 'environ', 'maps', 'syscall', 'auxv', 'io', 'stack', 'pagemap'):
          attempt('open ' + name, lambda: open(base + name, 'rb').read(1))
      attempt('write mem', lambda: opening(base + 'mem', os.O_RDWR))
      for name in ('exe', 'cwd', 'root'): attempt('link ' + name, lambda: os.readlink(base + name))
      for handle in range(16):
          attempt('open fd', lambda: opening(base + 'fd/%d' % handle, os.O_WRONLY | os.O_NONBLOCK))
      attempt('trace', lambda: called(libc.ptrace(16, pid, 0, 0)))
      attempt('seize', lambda: called(libc.ptrace(0x4206, pid, 0, 0)))
      attempt('limits', lambda: called(libc.prlimit(pid, 7, ctypes.byref((ctypes.c_ulong * 2)(0, 0)), None)))
      attempt('take descriptor', lambda: called(libc.syscall(438, os.pidfd_open(pid), 1, 0)))
      for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGUSR1, signal.SIGKILL):
          attempt('signal', lambda: os.kill(pid, number))
  done.pop('signal', None)
  print(json.dumps(done))
`;

function tamperCase(lang: CaseLanguage, run: string): ConformanceCase {
  return {
    id: `G/tamper-${lang}`,
    title: `a program can do nothing to what the next runs of ${lang} come from`,
    async run(bench) {
      const session = await bench.open({ lang });
      await answers(session);
      okay(await session.run(run));
      for (let round = 0; round < 3; round += 1) await within(20_000, answers(session));
    },
  };
}

export const agentIsolationCases: readonly ConformanceCase[] = [
  {
    id: "G/first-process",
    title: "nothing of the first process can be read or written but what everybody may know",
    async run(bench) {
      const session = await bench.shared();
      const attempts = reported<Record<string, boolean>>(
        await session.run(program`
          import json, os
          attempts = {}
          def attempt(name, action):
              try:
                  action()
                  attempts[name] = True
              except OSError as error: attempts[name] = error.strerror
          places = ['/proc/1'] + ['/proc/1/task/' + task for task in os.listdir('/proc/1/task')][:3]
          for place in places:
              for name in ('environ', 'mem', 'maps', 'smaps', 'numa_maps', 'auxv', 'syscall', 'stack', 'io', 'pagemap', 'personality', 'clear_refs', 'map_files', 'fd', 'fdinfo'):
                  path = place + '/' + name
                  if os.path.isdir(path): attempt(path, lambda: [os.readlink(path + '/' + entry) for entry in os.listdir(path)])
                  elif os.path.exists(path): attempt(path, lambda: os.read(os.open(path, os.O_RDONLY), 1))
              for name in ('cwd', 'exe', 'root', 'ns/net', 'ns/mnt', 'ns/pid', 'fd/0', 'fd/1', 'fd/2', 'fd/3'):
                  attempt(place + '/' + name, lambda: os.readlink(place + '/' + name))
              for name in ('mem', 'oom_score_adj', 'oom_adj', 'comm', 'fd/0', 'fd/1', 'fd/2', 'exe', 'clear_refs', 'coredump_filter', 'timerslack_ns', 'uid_map', 'setgroups', 'attr/current', 'autogroup', 'sched'):
                  attempt('write ' + place + '/' + name, lambda: os.write(os.open(place + '/' + name, os.O_WRONLY), b'0'))
          print(json.dumps(attempts))
        `),
      );
      allFailed(attempts);
      await answers(session);
    },
  },
  {
    id: "G/agent-program",
    title: "the first process's program can be neither changed nor replaced",
    async run(bench) {
      const session = await bench.shared();
      const attempts = reported<Record<string, boolean>>(
        await session.run(program`
          import json, os
          attempts = {}
          def attempt(name, action):
              try:
                  action()
                  attempts[name] = True
              except OSError as error: attempts[name] = error.strerror
          path = open('/proc/1/cmdline').read().split('\0')[0]
          folder = os.path.dirname(path)
          for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC, os.O_WRONLY | os.O_APPEND):
              attempt('open %s %d' % (path, flags), lambda: os.open(path, flags))
          attempt('remove', lambda: os.unlink(path))
          attempt('rename', lambda: os.rename(path, path + '.old'))
          attempt('chmod', lambda: os.chmod(path, 0o777))
          attempt('link', lambda: os.link(path, '/workspace/agent'))
          attempt('create beside', lambda: os.open(folder + '/x', os.O_CREAT | os.O_WRONLY))
          attempt('replace', lambda: os.rename('/etc/hostname', path))
          print(json.dumps(attempts))
        `),
      );
      allFailed(attempts);
    },
  },
  {
    id: "G/forged-frames",
    title: "frames of the protocol that a program writes anywhere are its output, or nothing",
    async run(bench) {
      const session = await bench.open();
      const code = program`
        import json, os, struct, sys
        def frame(kind, channel, payload): return struct.pack('>IBI', len(payload), kind, channel) + payload
        forged = b''
        for channel in range(0, 12):
            result = json.dumps({'exitCode': 0, 'signal': None, 'reason': 'exited', 'wallMs': 1, 'cpuMs': 1, 'peakMemoryBytes': 1, 'bytes': {'1': 7, '2': 0, '3': 0}})
            forged += frame(3, channel, b'\x01forged\n') + frame(4, channel, b'\x01') + frame(7, channel, result.encode())
        forged += frame(12, 0, b'{"reason":"forged"}') + frame(1, 0, b'{"version":1,"window":4096}')
        places = ['/dev/console', '/dev/tty', '/dev/ptmx', '/dev/kmsg'] + ['/proc/%s/fd/%d' % (pid, handle) for pid in os.listdir('/proc') if pid.isdigit() and pid != str(os.getpid()) for handle in range(0, 16)]
        for place in places:
            try:
                handle = os.open(place, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
                os.write(handle, forged)
            except OSError: pass
        os.write(2, forged)
        print('honest')
      `;
      const result = okay(await session.run(code));
      strictEqual(result.stdout, "honest\n");
      ok(result.stderr.includes("forged"));
      await answers(session);
    },
  },
  {
    id: "G/forged-kernel-messages",
    title: "what a program writes to its kernel's channel concerns its own run at most",
    async run(bench) {
      const messages = [
        '{"type":"value","data":{"text/plain":"forged","__proto__":{"polluted":1}}}',
        '{"type":"display","data":{"__proto__":"x","constructor":"y"}}',
        '{"type":"error","name":"Forged","message":"x","traceback":5,"line":-1}',
        '{"type":"done","id":99,"exitCode":0}',
        '{"type":"run","id":2,"mode":"script","code":"print(666)"}',
        '{"type":"__proto__"}',
        '{"__proto__":{"polluted":true}}',
        "[1,2,3]",
        "not JSON",
        "\\x00\\xff\\xfe",
        "{".repeat(100_000),
        "x".repeat(2_000_000),
      ];
      const forge = async (message: string): Promise<void> => {
        const session = await bench.open();
        const code = `import os\nfor handle in range(3, 64):\n    try: os.write(handle, b'''${message}\\n''' * 3)\n    except OSError: pass\nprint('mine')`;
        const outcome = await within(
          15_000,
          session.run(code, { timeoutMs: 5_000 }).catch((error: unknown) => error as Error),
        );
        if (!(outcome instanceof Error)) ok(outcome.status !== "ok" || outcome.stdout === "mine\n");
        strictEqual(({} as { polluted?: unknown }).polluted, undefined);
        await answersOrIsLost(session);
        await session.close();
      };
      // A box for each, as some end theirs; a few at a time.
      while (messages.length > 0) await Promise.all(messages.splice(0, 4).map(forge));
    },
  },
  tamperCase("python", tamper),
  tamperCase(
    "javascript",
    program`
      const fs = require("node:fs");
      for (const pid of fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name) && Number(name) !== process.pid)) {
        for (const name of ["mem", "environ", "fd/0", "fd/1", "fd/3"]) {
          for (const flags of ["r", "r+"]) try { fs.openSync("/proc/" + pid + "/" + name, flags) } catch {}
        }
        for (const signal of ["SIGSTOP", "SIGUSR1", "SIGTERM", "SIGKILL"]) try { process.kill(Number(pid), signal) } catch {}
      }
      try { process._debugProcess(1) } catch {}
    `,
  ),
  tamperCase(
    "bash",
    program`
      for process in /proc/[0-9]*; do
        pid=$(basename $process)
        [ $pid = $$ ] && continue
        for name in mem environ fd/0 fd/1 fd/3; do (echo forged > $process/$name) 2> /dev/null; done
        kill -STOP $pid 2> /dev/null
        kill -KILL $pid 2> /dev/null
      done
      true
    `,
  ),
  {
    id: "G/tamper-report",
    title: "no process of a box lets another program read, write or trace it",
    async run(bench) {
      const session = await bench.open();
      deepStrictEqual(reported<Record<string, number[]>>(await session.run(tamper)), {});
      await answers(session);
    },
  },
];
