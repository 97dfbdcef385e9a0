import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import type { KernelMessage } from "../kernel-process.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { python } from "./index.ts";

vi.setConfig({ testTimeout: 60_000 });

interface ForkedRun {
  readonly pid: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly messages: readonly KernelMessage[];
  readonly ended: {
    readonly status: number;
    readonly cpuMs: number;
    readonly peakMemoryBytes: number;
  };
}

interface Report {
  readonly runs: readonly ForkedRun[];
  readonly serverMemoryBytes: number;
  readonly serverOutput: string;
  readonly serverExitCode: number;
}

const user = 1_234_567_890;
const tag = 1_300_000_007;
const root = process.getuid?.() === 0;
const available =
  spawnSync("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 8))"]).status === 0;
// The same user's server is reached too where the tests are not root: the user is then who runs them.
const modes = [
  { mode: "split-uid", possible: root, uid: user, gid: user, tag, serverUser: null },
  {
    mode: "same-uid",
    possible: true,
    uid: root ? user : process.getuid!(),
    gid: root ? user : process.getgid!(),
    tag: null,
    serverUser: root ? user : null,
  },
];

describe.skipIf(!available).each(modes)("a Python fork server, $mode", (mode) => {
  const serve = async (codes: readonly string[], more: object = {}): Promise<Report> => {
    const cwd = temporaryFolder("fork-server-");
    chmodSync(cwd, 0o755);
    if (root) chownSync(cwd, mode.uid, mode.gid);
    const harness = spawn("python3", [fileURLToPath(new URL("fork_server_harness.py", import.meta.url))]);
    const output = Promise.all([text(harness.stdout), text(harness.stderr)]);
    harness.stdin.end(JSON.stringify({ argv: python.kernel!.argv, cwd, codes, ...mode, ...more }));
    const [stdout, stderr] = await output;
    if (stderr !== "") throw new Error(stderr);
    return JSON.parse(stdout) as Report;
  };

  test.skipIf(!mode.possible)("gives runs that are the user's and cannot go back", async () => {
    const code = `
import os, resource
print(os.getresuid(), os.getresgid(), os.getgroups())
for back in (os.setuid, os.setgid, os.seteuid, os.setegid):
    try:
        back(0)
        print("went back")
    except PermissionError:
        pass
try:
    os.setgroups([])
    print("dropped the tag")
except PermissionError:
    pass
print(sorted(os.environ) == ["GREETING", "HOME", "PATH"], os.environ["GREETING"], os.getcwd() == os.environ["HOME"])
print(os.getpriority(os.PRIO_PROCESS, 0), open("/proc/self/oom_score_adj").read().strip())
print([resource.getrlimit(kind) for kind in (resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE)])
print(os.getsid(0) == os.getpid(), sorted(os.listdir("/proc/self/fd"), key=int)[:4], max(map(int, os.listdir("/proc/self/fd"))))
print(open("/proc/self/status").read().split("CapEff:")[1].split()[0])
`;
    const report = await serve([code]);
    const [run] = report.runs;
    expect(run!.stderr).toBe("");
    const groups = mode.tag === null ? String.raw`\[.*\]` : String.raw`\[${mode.tag}\]`;
    const triple = (id: number): string => String.raw`\(${id}, ${id}, ${id}\)`;
    expect(run!.stdout).toMatch(
      new RegExp(
        [
          `^${triple(mode.uid)} ${triple(mode.gid)} ${groups}`,
          "True hello True",
          "10 1000",
          String.raw`\[\(100, 100\), \(200, 200\), \(1000000, 1000000\), \(0, 0\)\]`,
          String.raw`True \['0', '1', '2', '3'\] 4`,
          "0000000000000000\n$",
        ].join("\n"),
      ),
    );
    expect(report).toMatchObject({ serverOutput: "", serverExitCode: 0 });
  });

  test.skipIf(!mode.possible)("reports how runs end", async () => {
    const { runs, ...report } = await serve(
      [
        "print('ok')\n40 + 2",
        "import os; print('out'); os._exit(7)",
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "import sys; sys.exit('sorry')",
        "def f():\n    return 1 / 0\nf()",
        "x = bytearray(50_000_000)\nwhile __import__('time').process_time() < 0.2: pass",
      ],
      { settle: true },
    );
    expect(runs.map((run) => run.ended.status)).toEqual([0, 7 << 8, 11, 1 << 8, 1 << 8, 0]);
    expect(runs[0]).toMatchObject({ stdout: "ok\n", messages: [{ type: "value" }] });
    expect(runs[3]).toMatchObject({ stderr: "sorry\n" });
    expect(runs[4]!.messages).toMatchObject([{ type: "error", name: "ZeroDivisionError", line: 2 }]);
    expect(runs[4]!.stderr).toContain("    return 1 / 0\n");
    expect(runs[4]!.stderr).not.toContain("llm_sandbox");
    expect(runs[5]!.ended.peakMemoryBytes).toBeGreaterThan(50_000_000);
    expect(runs[5]!.ended.cpuMs).toBeGreaterThanOrEqual(200);
    expect(report).toMatchObject({ serverOutput: "", serverExitCode: 0 });
  });

  test.skipIf(!mode.possible)(
    "gives every run a state of its own, with the standard library ready",
    async () => {
      const { runs, serverMemoryBytes } = await serve(
        [
          "import random, sys; print('decimal' in sys.modules, random.random())",
          "import random, sys, json; json.dumps = None; print('json' in sys.modules, random.random())",
          "import json, random, tempfile; print(json.dumps({}), random.random())",
        ],
        { settle: true },
      );
      const lines = runs.map((run) => run.stdout.trim().split(" "));
      expect(lines.map(([found]) => found)).toEqual(["True", "True", "{}"]);
      expect(new Set(lines.map(([, number]) => number)).size).toBe(3);
      expect(new Set(runs.map((run) => run.pid)).size).toBe(3);
      expect(serverMemoryBytes).toBeLessThan(24 * 1024 * 1024);
    },
  );

  test.skipIf(!mode.possible)("has libraries ready, and no run sees what another did to them", async () => {
    const { runs, ...report } = await serve(
      [
        "import sys; print('xml.dom.minidom' in sys.modules, 'LLM_SANDBOX_IMPORT' in __import__('os').environ)",
        "import xml.dom.minidom as dom; dom.parseString = None",
        "import xml.dom.minidom as dom; print(dom.parseString('<a/>').documentElement.tagName)",
      ],
      {
        settle: true,
        serverEnv: { LLM_SANDBOX_IMPORT: "there_is_none xml.dom.expatbuilder xml.dom.minidom" },
      },
    );
    expect(runs.map((run) => run.stderr)).toEqual(["", "", ""]);
    expect(runs.map((run) => run.stdout)).toEqual(["True False\n", "", "a\n"]);
    expect(report).toMatchObject({ serverOutput: "", serverExitCode: 0 });
  });

  test.skipIf(!mode.possible)("gives several runs at once", async () => {
    const codes = Array.from({ length: 8 }, (_, index) => `import time; time.sleep(0.05); print(${index})`);
    const { runs } = await serve(codes, { concurrent: true });
    expect(runs.map((run) => run.stdout)).toEqual(codes.map((_, index) => `${index}\n`));
  });

  test.skipIf(!mode.possible)("cannot be looked into by a run", async () => {
    const code = `
import os
for name in os.listdir("/proc"):
    if not name.isdigit() or int(name) == os.getpid():
        continue
    try:
        with open("/proc/%s/cmdline" % name) as file:
            if "llm_sandbox_kernel" not in file.read():
                continue
        with open("/proc/%s/status" % name) as file:
            if int(file.read().split("PPid:")[1].split()[0]) not in (os.getppid(), ${process.pid}) and int(name) != os.getppid():
                continue
        print("kernel")
        for forbidden in ("fd", "environ", "mem", "maps"):
            path = "/proc/%s/%s" % (name, forbidden)
            try:
                os.listdir(path) if forbidden == "fd" else open(path, "rb").read(1)
                print("read", path)
            except PermissionError:
                pass
    except (FileNotFoundError, ProcessLookupError):
        pass
`;
    const { runs } = await serve([code], { settle: true });
    expect(runs[0]!.stderr).toBe("");
    // The server and the child that waits.
    expect(runs[0]!.stdout).toMatch(/^(kernel\n)+$/);
  });

  test.skipIf(!mode.possible)("survives a run that kills all it can", async () => {
    const kill = `
import os, signal
for name in os.listdir("/proc"):
    try:
        with open("/proc/%s/status" % name) as file:
            parent = int(file.read().split("PPid:")[1].split()[0])
        if parent == os.getppid() and int(name) != os.getpid():
            os.kill(int(name), signal.SIGKILL)
    except (OSError, ValueError, IndexError):
        pass
print("killed")
`;
    const { runs } = await serve([kill, "print('next')", kill, "print('last')"], { settle: true });
    expect(runs.map((run) => run.stdout)).toEqual(["killed\n", "next\n", "killed\n", "last\n"]);
  });

  test.skipIf(!mode.possible || !root)("refuses to run anything as root", async () => {
    const { runs } = await serve(["print('ran')"], { uid: 0, gid: 0 });
    expect(runs[0]).toMatchObject({ stdout: "", ended: { status: 70 << 8 } });
    expect(runs[0]!.stderr).toContain("never belongs to root");
  });
});
