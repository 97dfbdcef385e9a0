import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { ConformanceCase } from "./conformance-case.ts";
import { allFailed, answers, nonce, noneMarked, okay, reported, within } from "./expectations.ts";
import { program } from "./program.ts";

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

export const runIsolationCases: readonly ConformanceCase[] = [
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
];
