import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { ConformanceCase } from "./conformance-case.ts";
import { okay, reported, within } from "./expectations.ts";
import { program } from "./program.ts";

/** Attacks every other process that is not the first one, and tells what it could do. */
const meddle = program`
  import json, os, signal
  done = set()
  def attempt(name, action):
      try: action()
      except OSError: return
      done.add(name)
  def reading(path):
      # Of a process that is just ending, some of these can be opened and are empty.
      if not open(path, 'rb').read(1): raise OSError
  def writing(path):
      handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
      os.write(handle, b'intruder\n')
  def overwriting(pid):
      memory = os.open('/proc/%d/mem' % pid, os.O_RDWR)
      for line in open('/proc/%d/maps' % pid):
          if 'rw-p' not in line: continue
          start, end = [int(number, 16) for number in line.split()[0].split('-')]
          try: at = os.pread(memory, end - start, start).find(b'kept' + b'-word')
          except OSError: continue
          if at >= 0: os.pwrite(memory, b'taken', start + at)
  others = [int(name) for name in (os.listdir('/proc') if os.path.isdir('/proc') else []) if name.isdigit()]
  for pid in others:
      if pid in (1, os.getpid(), os.getppid()): continue
      for name in ('environ', 'maps', 'auxv', 'syscall', 'stack', 'io'):
          attempt('read ' + name, lambda: reading('/proc/%d/%s' % (pid, name)))
      for name in ('exe', 'cwd', 'root', 'fd/0', 'fd/1'): attempt('follow ' + name, lambda: os.readlink('/proc/%d/%s' % (pid, name)))
      for handle in range(8): attempt('write into descriptor', lambda: writing('/proc/%d/fd/%d' % (pid, handle)))
      attempt('open memory', lambda: overwriting(pid))
  print(json.dumps(sorted(done)))
`;

const victim = program`
  import os, time
  word = 'kept' + '-word'
  print('up', flush=True)
  while not os.path.exists('/workspace/over'): time.sleep(0.05)
  print(word)
`;

export const neighbourIsolationCases: readonly ConformanceCase[] = [
  {
    id: "G/runs-apart",
    title: "a run can read, write and forge nothing of the runs and contexts beside it",
    async run(bench) {
      const session = await bench.open();
      const context = session.createContext();
      okay(await context.run("word = 'kept' + '-word'"));
      const up = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const victims = Promise.all([
        session.run(victim, { onOutput: () => up[0]!.resolve() }),
        session.executeCommand(["python3", "-c", victim], { onOutput: () => up[1]!.resolve() }),
      ]);
      // They end with the session where the case fails before.
      victims.catch(() => {});
      await within(20_000, Promise.all(up.map(({ promise }) => promise)));
      deepStrictEqual(reported<string[]>(await session.run(meddle)), []);
      deepStrictEqual(reported<string[]>(await session.executeCommand(["python3", "-c", meddle])), []);
      await session.files.writeFile("over", "");
      for (const result of await victims) {
        deepStrictEqual([okay(result).stdout, result.stderr], ["up\nkept-word\n", ""]);
      }
      strictEqual(okay(await context.run("print(word)")).stdout, "kept-word\n");
    },
  },
  {
    id: "G/left-objects",
    title: "named memory, semaphores and queues of one run are unknown to the next",
    async run(bench) {
      const session = await bench.open();
      const made = okay(
        await session.run(program`
          import ctypes, os
          libc = ctypes.CDLL(None)
          made = []
          for name in ('object', 'sem.object'):
              try: open('/dev/shm/' + name, 'w').write('left')
              except OSError: continue
              made.append(name)
          if libc.shmget(0x5ec, 4096, 0o1666) >= 0: made.append('segment')
          if libc.semget(0x5ec, 1, 0o1666) >= 0: made.append('semaphore')
          if libc.msgget(0x5ec, 0o1666) >= 0: made.append('queue')
          try: os.close(os.open('/dev/mqueue/left', os.O_CREAT | os.O_RDWR, 0o666))
          except OSError: pass
          else: made.append('/dev/mqueue/left')
          print(len(made))
        `),
      );
      ok(Number(made.stdout) >= 3, `the program could make only ${made.stdout} objects`);
      const seen = reported<string[]>(
        await session.run(program`
          import ctypes, json, os
          libc = ctypes.CDLL(None)
          seen = [name for folder in ('/dev/shm', '/dev/mqueue') if os.path.isdir(folder) for name in os.listdir(folder)]
          if libc.shmget(0x5ec, 4096, 0) >= 0: seen.append('segment')
          if libc.semget(0x5ec, 1, 0) >= 0: seen.append('semaphore')
          if libc.msgget(0x5ec, 0) >= 0: seen.append('queue')
          print(json.dumps(seen))
        `),
      );
      deepStrictEqual(seen, []);
    },
  },
  {
    id: "G/forged-outputs",
    title: "outputs that a program forges are texts, base64 and JSON, and change no object of the host",
    async run(bench) {
      const session = await bench.open();
      const result = okay(
        await session.run(program`
          import os
          messages = [
              rb'{"type":"display","data":{"text/plain":"a\ud800b","text/html":"\udfff"}}',
              rb'{"type":"display","data":{"image/png":"\"><script>alert(1)</script>"}}',
              rb'{"type":"display","data":{"application/json":{"a":[{"__proto__":{"polluted":1}}],"__proto__":{"polluted":1},"\ud800":"\ud800"}}}',
              rb'{"type":"value","data":{"text/plain":"\udc00"}}',
              b'{"type":"display","data":{"application/json":' + b'[' * 600 + b']' * 600 + b'}}',
              b'{"type":"display","data":{"text/plain":"' + b'\xff\xfe' + b'"}}',
          ]
          for message in messages: os.write(3, message + b'\n')
        `),
      );
      deepStrictEqual(
        result.outputs.map(({ kind, data }) => [kind, JSON.parse(JSON.stringify(data)) as unknown]),
        [
          ["display", { "text/plain": "a\uFFFDb", "text/html": "\uFFFD" }],
          ["display", { "application/json": { a: [{}], "\uFFFD": "\uFFFD" } }],
          ["value", { "text/plain": "\uFFFD" }],
        ],
      );
      strictEqual(result.value, "\uFFFD");
      strictEqual(({} as { polluted?: unknown }).polluted, undefined);
    },
  },
];
