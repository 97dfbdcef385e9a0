import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { CaseLanguage, ConformanceCase } from "./conformance-case.ts";
import {
  allFailed,
  answers,
  answersOrIsLost,
  nonce,
  noneMarked,
  okay,
  reported,
  within,
} from "./expectations.ts";
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

/** Files that an interpreter would read at its start if it looked where a program can write. */
const planted: Readonly<Record<string, string>> = {
  "sitecustomize.py": "raise SystemExit('planted')",
  "usercustomize.py": "raise SystemExit('planted')",
  "json.py": "raise SystemExit('planted')",
  "os.py": "raise SystemExit('planted')",
  "encodings/__init__.py": "raise SystemExit('planted')",
  ".local/lib/python3.13/site-packages/planted.pth": "import sys; sys.exit('planted')",
  ".pythonrc": "raise SystemExit('planted')",
  "pyvenv.cfg": "home = /nowhere",
  ".bashrc": "echo planted; exit 1",
  ".bash_profile": "echo planted; exit 1",
  ".profile": "echo planted; exit 1",
  "node_modules/fs/index.js": "throw new Error('planted')",
  "package.json": '{"type":"module","imports":{"#x":"./x.js"}}',
  ".npmrc": "node-options=--planted",
  ".noderc": "planted",
};

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

export const isolationCases: readonly ConformanceCase[] = [
  ...(["python", "javascript", "bash"] as const).map((lang): ConformanceCase => ({
    id: `G/host-secrets-${lang}`,
    title: `nothing of this program's environment is in a box of ${lang}`,
    async run(bench) {
      const session = await bench.shared({ lang });
      strictEqual(process.env["LLM_SANDBOX_CONFORMANCE_SECRET"], bench.secret);
      const places =
        "/proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/[0-9]*/mountinfo /etc /run /tmp /var /workspace /.??*";
      // The word is put together in the box, so that the search does not find itself.
      const search = `env; grep -r -a -s -l -F "$(printf 'se%s' "$0")" ${places} 2>/dev/null | grep -v "/proc/$$/\\|/proc/self" ; true`;
      const result = okay(await session.executeCommand(["sh", "-c", search, bench.secret.slice(2)]));
      ok(!result.stdout.includes(bench.secret) && !result.stdout.includes("LLM_SANDBOX"), result.stdout);
      const code = {
        python: "import os\nprint(sorted(os.environ))",
        javascript: "console.log(Object.keys(process.env).sort())",
        bash: "env",
      }[lang];
      const names = okay(await session.run(code)).stdout;
      ok(!/LLM_SANDBOX|SECRET|KEY|TOKEN|VITEST|GODEBUG|KUBERNETES/i.test(names), names);
    },
  })),
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
      for (const message of [
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
      ]) {
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
      }
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
  {
    id: "G/planted-files",
    title: "files that a program plants change how no later run starts",
    async run(bench) {
      for (const lang of ["python", "javascript", "bash"] as const) {
        const session = await bench.shared({ lang });
        for (const [path, content] of Object.entries(planted)) await session.files.writeFile(path, content);
        for (let round = 0; round < 3; round += 1) await answers(session);
      }
    },
  },
  {
    id: "G/no-state-between-runs",
    title: "variables, modules and patches of one run are unknown to the next",
    async run(bench) {
      const python = await bench.shared();
      okay(
        await python.run(
          "import builtins, sys, os\nbuiltins.left = 1\nsys.left = 1\nos.environ['LEFT'] = '1'\nprint = None\nbuiltins.len = None\nos.chdir('/tmp')\nos.umask(0)",
        ),
      );
      const look =
        "import builtins, sys, os\nprint(hasattr(builtins, 'left'), hasattr(sys, 'left'), 'LEFT' in os.environ, len([1]), os.getcwd(), 'left' in globals())";
      strictEqual(okay(await python.run(look)).stdout, "False False False 1 /workspace False\n");
      const javascript = await bench.shared({ lang: "javascript" });
      okay(
        await javascript.run(
          "globalThis.left = 1; Array.prototype.map = null; process.env.LEFT = '1'; process.chdir('/tmp')",
        ),
      );
      strictEqual(
        okay(await javascript.run("console.log(typeof left, typeof [].map, process.env.LEFT, process.cwd())"))
          .stdout,
        "undefined function undefined /workspace\n",
      );
      const bash = await bench.shared({ lang: "bash" });
      okay(await bash.run("left=1; export LEFT=1; echo() { :; }; alias ls=false; cd /tmp; set -f"));
      strictEqual(okay(await bash.run('echo "[$left$LEFT]" "$PWD"')).stdout, "[] /workspace\n");
    },
  },
  {
    id: "G/daemon-writes-on",
    title: "a process that tries to outlive its run and write into later ones reaches none",
    async run(bench) {
      const session = await bench.open();
      const code = program`
        import os, time
        for _ in range(8):
            if os.fork() == 0:
                os.setsid()
                open('/proc/self/comm', 'w').write('marked')
                while True:
                    try:
                        if os.fork() > 0: os._exit(0)
                    except OSError: pass
                    for pid in os.listdir('/proc'):
                        if not pid.isdigit(): continue
                        for handle in (1, 2, 3):
                            try: os.write(os.open('/proc/%s/fd/%d' % (pid, handle), os.O_WRONLY | os.O_NONBLOCK), b'intruder')
                            except OSError: pass
        time.sleep(0.3)
        print('done')
      `;
      const own = await within(20_000, session.run(code, { timeoutMs: 10_000 }));
      ok(own.stdout.endsWith("done\n") || own.stdout.includes("intruder"));
      for (let round = 0; round < 8; round += 1) await answers(session);
      await noneMarked(session);
    },
  },
  {
    id: "G/crossing",
    title: "sessions at the same time get their own results, in every language at once",
    alone: true,
    async run(bench) {
      const langs = ["python", "javascript", "bash", "python"] as const;
      const sessions = await Promise.all(langs.map((lang) => bench.open({ lang })));
      await Promise.all(
        sessions.map(async (session) => {
          for (let round = 0; round < 6; round += 1) await answers(session);
        }),
      );
      const words = sessions.map(() => nonce());
      await Promise.all(sessions.map((session, index) => session.files.writeFile("word", words[index]!)));
      const read = await Promise.all(
        sessions.map((session) => session.executeCommand("cat word; ls /workspace")),
      );
      deepStrictEqual(
        read.map(({ stdout }) => stdout),
        words.map((word) => `${word}word\n`),
      );
    },
  },
  {
    id: "G/neighbour-visible",
    title: "no file, socket, segment, queue or process of one session can be seen from another",
    async run(bench) {
      const [first, second] = await Promise.all([bench.open(), bench.open()]);
      const word = nonce();
      const held = await first.spawn([
        "python3",
        "-c",
        program`
          import ctypes, os, socket, sys, time
          word = sys.argv[1]
          open('/proc/self/comm', 'w').write('marked')
          for folder in ('/workspace', '/tmp', '/dev/shm'): open(folder + '/' + word, 'w').write(word)
          listener = socket.socket(socket.AF_UNIX)
          listener.bind('\0' + word)
          listener.listen()
          server = socket.create_server(('127.0.0.1', 45678))
          libc = ctypes.CDLL(None)
          assert libc.shmget(0x5ec, 4096, 0o1666) >= 0
          libc.msgget(0x5ec, 0o1666)
          print('ready', flush=True)
          time.sleep(600)
        `,
        word,
      ]);
      held.stderr.resume();
      await new Promise((resolve) => held.stdout.once("data", resolve));
      const seen = reported<Record<string, boolean>>(
        await second.run(
          program`
            import ctypes, json, os, socket, subprocess, sys
            word = sys.argv[1]
            libc = ctypes.CDLL(None)
            seen = {}
            for folder in ('/workspace', '/tmp', '/dev/shm'): seen[folder] = os.path.exists(folder + '/' + word)
            def connects(family, address):
                try:
                    socket.socket(family).connect(address)
                    return True
                except OSError: return False
            seen['abstract socket'] = connects(socket.AF_UNIX, '\0' + word)
            seen['port'] = connects(socket.AF_INET, ('127.0.0.1', 45678))
            seen['segment'] = libc.shmget(0x5ec, 4096, 0) >= 0
            seen['queue'] = libc.msgget(0x5ec, 0) >= 0
            seen['process'] = any(open('/proc/%s/comm' % pid).read() == 'marked\n' for pid in os.listdir('/proc') if pid.isdigit())
            print(json.dumps(seen))
          `,
          { argv: [word] },
        ),
      );
      allFailed(seen);
      held.kill();
    },
  },
  {
    id: "G/identity",
    title: "a program is nobody: no root, no capability, no group it can leave, no way to become more",
    async run(bench) {
      const session = await bench.shared();
      const seen = reported<{ attempts: Record<string, boolean>; status: Record<string, string> }>(
        await session.run(program`
          import ctypes, json, os
          libc = ctypes.CDLL(None, use_errno=True)
          attempts = {}
          def attempt(name, action):
              try:
                  action()
                  attempts[name] = True
              except Exception as error: attempts[name] = repr(error)
          groups = os.getgroups()
          attempts['root user'] = 0 in os.getresuid()
          attempts['root group'] = 0 in os.getresgid() or 0 in groups
          for number in (0, 1, os.getuid() + 1):
              attempt('setuid %d' % number, lambda: os.setuid(number))
              attempt('setresuid %d' % number, lambda: os.setresuid(number, number, number))
              attempt('setgid %d' % number, lambda: os.setgid(number))
              attempt('setresgid %d' % number, lambda: os.setresgid(number, number, number))
              attempt('setgroups %d' % number, lambda: os.setgroups([number]))
          if groups: attempt('no groups', lambda: os.setgroups([]))
          attempt('chroot', lambda: os.chroot('/tmp'))
          attempt('chown', lambda: os.chown('/workspace', 0, 0))
          attempt('device', lambda: os.mknod('/workspace/device', 0o20666, os.makedev(1, 1)))
          attempt('block device', lambda: os.mknod('/tmp/device', 0o60666, os.makedev(8, 0)))
          def ambient():
              if libc.prctl(47, 2, 21, 0, 0) != 0: raise OSError(ctypes.get_errno())
          attempt('ambient capability', ambient)
          status = dict(line.split(':\t', 1) for line in open('/proc/self/status').read().splitlines() if ':\t' in line)
          print(json.dumps({'attempts': attempts, 'status': status}))
        `),
      );
      allFailed(seen.attempts);
      for (const name of ["CapInh", "CapPrm", "CapEff", "CapAmb"])
        strictEqual(BigInt(`0x${seen.status[name]}`), 0n, name);
      strictEqual(seen.status["NoNewPrivs"], "1");
    },
  },
  {
    id: "G/set-user-id",
    title: "no program in the image makes anybody root",
    async run(bench) {
      const session = await bench.shared();
      const seen = reported<{ gained: string[]; found: number }>(
        await session.run(program`
          import json, os, shutil, stat, subprocess
          gained, found = [], 0
          for top, folders, files in os.walk('/'):
              if top in ('/proc', '/sys', '/dev'): folders.clear()
              for name in files:
                  path = os.path.join(top, name)
                  try: mode = os.lstat(path).st_mode
                  except OSError: continue
                  if not stat.S_ISREG(mode) or not mode & 0o6000: continue
                  found += 1
                  child = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                  try:
                      lines = open('/proc/%d/status' % child.pid).read().splitlines()
                      ids = [line.split()[1:] for line in lines if line.startswith(('Uid:', 'Gid:'))]
                      if any('0' in entry for entry in ids): gained.append(path)
                  except OSError: pass
                  child.kill()
                  child.wait()
          shutil.copy('/bin/sh', '/workspace/shell')
          os.chmod('/workspace/shell', 0o6755)
          if subprocess.run(['/workspace/shell', '-pc', 'id -u'], capture_output=True, text=True).stdout.strip() == '0': gained.append('own')
          print(json.dumps({'gained': gained, 'found': found}))
        `),
      );
      deepStrictEqual(seen.gained, []);
    },
  },
  {
    id: "G/network",
    title:
      "there is no network: nothing but the box's own loopback answers, and everything else fails at once",
    async run(bench) {
      const session = await bench.shared();
      const code = program`
        import json, socket, time
        reached, slow = [], []
        def attempt(name, action):
            started = time.time()
            try:
                action()
                reached.append(name)
            except OSError: pass
            if time.time() - started > 3: slow.append(name)
        addresses = [('1.1.1.1', 53), ('8.8.8.8', 53), ('169.254.169.254', 80), ('100.100.100.200', 80), ('172.17.0.1', 22), ('172.17.0.1', 2375), ('10.0.0.1', 80), ('192.168.0.1', 80), ('10.88.0.1', 80), ('10.96.0.1', 443), ('168.63.129.16', 80)]
        for address in addresses:
            attempt('tcp %s:%d' % address, lambda: socket.create_connection(address, 2))
            attempt('udp %s:%d' % address, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', address))
        for address in ('2606:4700:4700::1111', 'fd00:ec2::254', 'fe80::1%lo'):
            attempt('tcp ' + address, lambda: socket.create_connection((address, 80), 2))
        for name in ('example.com', 'metadata.google.internal', 'kubernetes.default.svc'):
            attempt('name ' + name, lambda: socket.getaddrinfo(name, 80))
        # Some engines write the host's address down for its boxes: it must lead nowhere.
        for name in ('host.docker.internal', 'host.containers.internal', 'gateway.docker.internal'):
            for port in (22, 80, 2375): attempt('%s:%d' % (name, port), lambda: socket.create_connection((name, port), 2))
        attempt('multicast', lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('224.0.0.251', 5353)))
        attempt('broadcast', lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('255.255.255.255', 67)))
        server = socket.create_server(('127.0.0.1', 0))
        socket.create_connection(server.getsockname(), 2)
        interfaces = [name for _, name in socket.if_nameindex()]
        print(json.dumps({'reached': reached, 'slow': slow, 'interfaces': interfaces}))
      `;
      const seen = reported<{ reached: string[]; slow: string[]; interfaces: string[] }>(
        await session.run(code, { timeoutMs: 50_000 }),
      );
      deepStrictEqual([seen.reached, seen.slow], [[], []]);
      // A kernel with tunnel modules shows each network namespace their unconnected ends.
      deepStrictEqual(
        seen.interfaces.filter(
          (name) => !/^(lo|tunl0|sit0|gre0|gretap0|erspan0|ip6tnl0|ip6gre0|ip_vti0|ip6_vti0)$/.test(name),
        ),
        [],
      );
    },
  },
  {
    id: "G/host-loopback",
    title: "the loopback of a box is not this machine's",
    async run(bench) {
      const { createServer } = await import("node:net");
      const word = nonce();
      const server = createServer((socket) => socket.end(word));
      await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
      const { port } = server.address() as { port: number };
      try {
        const session = await bench.shared();
        const code = program`
          import socket, sys
          for address in ('127.0.0.1', '127.0.0.53', '0.0.0.0', '::1', 'localhost'):
              try: print(socket.create_connection((address, int(sys.argv[1])), 2).recv(100))
              except OSError: pass
        `;
        strictEqual(okay(await session.run(code, { argv: [String(port)] })).stdout, "");
      } finally {
        server.close();
      }
    },
  },
  {
    id: "G/engine-sockets",
    title: "no control socket of an engine or of the host is in reach",
    async run(bench) {
      const session = await bench.shared();
      const found = reported<string[]>(
        await session.run(program`
          import json, os, socket, stat
          found = []
          for top, folders, files in os.walk('/'):
              if top in ('/proc', '/sys'): folders.clear()
              for name in files:
                  try: kind = os.lstat(os.path.join(top, name)).st_mode
                  except OSError: continue
                  if stat.S_ISSOCK(kind) or stat.S_ISBLK(kind): found.append(os.path.join(top, name))
          for path in ('/var/run/docker.sock', '/run/containerd/containerd.sock', '/run/podman/podman.sock', '/var/run/crio/crio.sock', '/var/run/secrets/kubernetes.io'):
              if os.path.exists(path): found.append(path)
          for line in open('/proc/net/unix').read().splitlines()[1:]:
              name = line.split()[-1]
              if name.startswith('@') and ('shim' in name or 'containerd' in name): found.append(name)
          print(json.dumps(found))
        `),
      );
      deepStrictEqual(found, []);
    },
  },
];
