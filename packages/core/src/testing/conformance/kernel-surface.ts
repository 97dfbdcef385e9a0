import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { ConformanceCase } from "./conformance-case.ts";
import { allFailed, answers, reported } from "./expectations.ts";
import { program } from "./program.ts";

/** System calls by name: their numbers on x86-64 and on arm64 (0: does not exist there). */
const numbers = {
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  process_madvise: [440, 440],
  kcmp: [312, 272],
  pidfd_getfd: [438, 438],
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  unshare: [272, 97],
  setns: [308, 268],
  clone: [56, 220],
  clone3: [435, 435],
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  fanotify_init: [300, 262],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  kexec_load: [246, 104],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  quotactl: [179, 60],
  syslog: [103, 116],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  adjtimex: [159, 171],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  iopl: [172, 0],
  ioperm: [173, 0],
  vhangup: [153, 58],
  lookup_dcookie: [212, 18],
  personality: [135, 92],
} as const;

type CallName = keyof typeof numbers;

/** One call with arguments (Python expressions) with which it would do harm if it worked. */
type Call = readonly [name: CallName, ...args: string[]];

/** A case in which every call has to fail. */
function calls(id: string, title: string, list: readonly Call[]): ConformanceCase {
  const attempts = list
    .map(([name, ...args], index) => {
      const [intel, arm] = numbers[name];
      return `attempt('${name} ${index}', ${intel}, ${arm}, ${args.join(", ")})`;
    })
    .join("\n");
  return {
    id,
    title,
    async run(bench) {
      const session = await bench.shared();
      const code = `${prelude}\n${attempts}\nprint(json.dumps(attempts))`;
      allFailed(reported<Record<string, boolean>>(await session.run(code)));
      await answers(session);
    },
  };
}

const prelude = program`
  import ctypes, json, os, platform, socket, struct, sys
  libc = ctypes.CDLL(None, use_errno=True)
  libc.syscall.restype = ctypes.c_long
  intel = platform.machine() == 'x86_64'
  attempts = {}
  zeros = ctypes.create_string_buffer(4096)
  here = os.open('/proc/self/ns/net', os.O_RDONLY)
  def structure(format, *values): return ctypes.create_string_buffer(struct.pack(format, *values).ljust(256, b'\0'))
  def attempt(name, on_intel, on_arm, *arguments):
      number = on_intel if intel else on_arm
      if number == 0: return
      values = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
      result = libc.syscall(ctypes.c_long(number), *values)
      if result == 0 and name.startswith('clone'): os._exit(0)
      attempts[name] = True if result >= 0 else os.strerror(ctypes.get_errno())
`;

/** Kinds of namespaces as flags of clone. */
const namespaces = [
  "0x00020000",
  "0x02000000",
  "0x04000000",
  "0x08000000",
  "0x10000000",
  "0x20000000",
  "0x40000000",
];

export const kernelSurfaceCases: readonly ConformanceCase[] = [
  calls("G/namespaces", "no namespace can be made or entered", [
    ...namespaces.map((flag): Call => ["unshare", flag]),
    ...namespaces.map((flag): Call => ["clone", `${flag} | 17`, "0", "0", "0", "0"]),
    ["clone", "0x00008000 | 17", "0", "0", "0", "0"],
    ["clone3", "structure('QQQQQQQQ', 0x10000000, 0, 0, 0, 17, 0, 0, 0)", "64"],
    ["setns", "here", "0"],
    ["setns", "os.pidfd_open(1)", "0x00020000"],
    ["chroot", "b'/tmp'"],
    ["pivot_root", "b'/tmp'", "b'/tmp'"],
  ]),
  calls("G/mounts", "nothing can be mounted, unmounted or made writable again", [
    ["mount", "b'tmpfs'", "b'/tmp'", "b'tmpfs'", "0", "0"],
    ["mount", "b'proc'", "b'/workspace'", "b'proc'", "0", "0"],
    ["mount", "b'/'", "b'/workspace'", "0", "4096", "0"],
    ["mount", "0", "b'/'", "0", "32", "0"],
    ["mount", "0", "b'/tmp'", "0", "32", "0"],
    ["umount2", "b'/workspace'", "2"],
    ["umount2", "b'/proc/sys'", "2"],
    ["umount2", "b'/tmp'", "8"],
    ["open_tree", "-100", "b'/'", "1"],
    ["move_mount", "-100", "b'/tmp'", "-100", "b'/workspace'", "0"],
    ["fsopen", "b'tmpfs'", "0"],
    ["fspick", "-100", "b'/'", "0"],
    ["mount_setattr", "-100", "b'/tmp'", "0", "structure('QQQQ', 0, 8, 0, 0)", "32"],
  ]),
  calls("G/other-processes", "the memory, descriptors and course of the first process are out of reach", [
    ["ptrace", "16", "1", "0", "0"],
    ["ptrace", "0x4206", "1", "0", "0"],
    [
      "process_vm_readv",
      "1",
      "structure('QQ', ctypes.addressof(zeros), 8)",
      "1",
      "structure('QQ', 0x400000, 8)",
      "1",
      "0",
    ],
    [
      "process_vm_writev",
      "1",
      "structure('QQ', ctypes.addressof(zeros), 8)",
      "1",
      "structure('QQ', 0x400000, 8)",
      "1",
      "0",
    ],
    ["process_madvise", "os.pidfd_open(1)", "structure('QQ', 0x400000, 4096)", "1", "20", "0"],
    ["pidfd_getfd", "os.pidfd_open(1)", "0", "0"],
    ["pidfd_getfd", "os.pidfd_open(1)", "1", "0"],
    ["kcmp", "1", "os.getpid()", "0", "1", "1"],
  ]),
  calls("G/keyrings", "the kernel's keyrings are closed", [
    ["add_key", "b'user'", "b'x'", "b'y'", "1", "-4"],
    ["request_key", "b'user'", "b'x'", "0", "-4"],
    ["keyctl", "0", "-3", "1"],
    ["keyctl", "1", "b'shared'"],
    ["keyctl", "11", "-4", "zeros", "100"],
  ]),
  calls("G/kernel-programs", "no program can be loaded into the kernel, and nothing of it be watched", [
    ["bpf", "0", "structure('IIIII', 1, 4, 4, 16, 0)", "72"],
    ["bpf", "5", "structure('IIQQ', 1, 2, ctypes.addressof(zeros), ctypes.addressof(zeros))", "72"],
    ["perf_event_open", "structure('IIQQQQQ', 1, 112, 0, 0, 0, 0, 0x60)", "0", "-1", "-1", "0"],
    ["userfaultfd", "0"],
    ["fanotify_init", "0", "0"],
    ["lookup_dcookie", "0", "zeros", "100"],
    ["syslog", "3", "zeros", "100"],
    ["syslog", "10", "0", "0"],
  ]),
  calls("G/io-uring", "there is no io_uring", [
    ["io_uring_setup", "8", "zeros"],
    ["io_uring_setup", "1", "structure('IIII', 0, 0, 2, 0)"],
  ]),
  calls("G/handles", "no file can be opened by a handle, past the folders that hide it", [
    ["name_to_handle_at", "-100", "b'/workspace'", "structure('Ii', 128, 0)", "zeros", "0"],
    ["open_by_handle_at", "os.open('/', 0)", "structure('Iiii', 8, 1, 2, 0)", "0"],
  ]),
  calls(
    "G/machine",
    "the machine's modules, clock, names, swap and power are out of reach",
    [
      ["init_module", "zeros", "100", "b''"],
      ["finit_module", "here", "b''", "0"],
      ["delete_module", "b'dummy'", "0x800"],
      ["kexec_load", "0", "0", "zeros", "0"],
      ["reboot", "0xfee1dead - (1 << 32)", "672274793", "0x01234567", "0"],
      ["swapon", "b'/workspace/x'", "0"],
      ["swapoff", "b'/swap'"],
      ["acct", "b'/workspace/x'"],
      ["quotactl", "0x800001", "b'/dev/sda'", "0", "zeros"],
      ["settimeofday", "structure('qq', 1, 0)", "0"],
      ["clock_settime", "0", "structure('qq', 1, 0)"],
      ["clock_adjtime", "0", "structure('I', 1)"],
      ["adjtimex", "structure('I', 0x8001)"],
      ["sethostname", "b'mine'", "4"],
      ["setdomainname", "b'mine'", "4"],
      ["iopl", "3"],
      ["ioperm", "0", "1", "1"],
      ["vhangup"],
      ["personality", "0x0040000"],
      ["personality", "0x0400000"],
    ].map((call) => call as unknown as Call),
  ),
  {
    id: "G/other-call-tables",
    title: "the system calls of other architectures are no way around",
    async run(bench) {
      const session = await bench.shared();
      const result = await session.run(program`
        import ctypes, mmap, os, platform
        if platform.machine() != 'x86_64':
            print('failed failed')
            raise SystemExit
        libc = ctypes.CDLL(None, use_errno=True)
        libc.syscall.restype = ctypes.c_long
        # mov eax, 20 (getpid of 32 bits); int 0x80; ret
        area = mmap.mmap(-1, 4096, prot=7)
        area.write(b'\xb8\x14\x00\x00\x00\xcd\x80\xc3')
        of_32_bits = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(area)))
        def outcome(call):
            child = os.fork()
            if child == 0: os._exit(0 if call() > 0 else 1)
            return 'worked' if os.waitpid(child, 0)[1] == 0 else 'failed'
        print(outcome(lambda: libc.syscall(ctypes.c_long(0x40000000 + 39))), outcome(of_32_bits))
      `);
      strictEqual(result.stdout, "failed failed\n", result.stderr);
    },
  },
  {
    id: "G/socket-families",
    title: "only local sockets and those of the internet protocols can be made, and no raw ones",
    async run(bench) {
      const session = await bench.shared();
      const seen = reported<{ made: string[]; usual: string[] }>(
        await session.run(program`
          import json, socket
          made, usual = [], []
          for family in range(1, 46):
              for kind in (1, 2, 3, 4, 5, 10):
                  for protocol in ((0, 1, 6, 17, 58, 255) if family in (2, 10) else range(0, 23) if family == 16 else (0, 1, 3, 0x300)):
                      try: socket.socket(family, kind, protocol).close()
                      except OSError: continue
                      name = '%d %d %d' % (family, kind, protocol)
                      harmless = family == 1 or (family in (2, 10) and kind in (1, 2) and protocol in (0, 6, 17)) or (family == 16 and protocol == 0)
                      (usual if harmless else made).append(name)
          print(json.dumps({'made': made, 'usual': usual}))
        `),
      );
      // Datagram sockets for echo requests need no privilege where the kernel's settings allow them; they reach nothing.
      deepStrictEqual(
        seen.made.filter((name) => !["2 2 1", "10 2 58"].includes(name)),
        [],
      );
      ok(seen.usual.includes("1 1 0") && seen.usual.includes("2 1 0"));
    },
  },
  {
    id: "G/kernel-settings",
    title: "no setting of the kernel can be written",
    async run(bench) {
      const session = await bench.shared();
      const opened = reported<string[]>(
        await session.run(program`
          import json, os, stat
          opened = []
          for place in ('/proc/sys', '/sys', '/proc/fs', '/proc/irq', '/proc/bus', '/proc/acpi', '/proc/scsi'):
              for top, folders, files in os.walk(place):
                  for name in files:
                      path = os.path.join(top, name)
                      if not stat.S_ISREG(os.lstat(path).st_mode): continue
                      try: os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
                      except OSError: continue
                      opened.append(path)
          for path in ('/proc/sysrq-trigger', '/proc/sys/kernel/core_pattern', '/proc/sys/kernel/modprobe', '/sys/kernel/uevent_helper', '/proc/sys/vm/overcommit_memory', '/proc/self/uid_map', '/proc/mtrr', '/sys/fs/cgroup/release_agent'):
              try: os.close(os.open(path, os.O_WRONLY))
              except OSError: continue
              opened.append(path)
          for name in ('mkdir', 'symlink'):
              try:
                  if name == 'mkdir': os.mkdir('/sys/fs/cgroup/mine')
                  else: os.symlink('/', '/sys/fs/cgroup/link')
                  opened.append(name)
              except OSError: pass
          print(json.dumps(opened))
        `),
      );
      // A process may map its own ids where it has made a namespace, which it cannot: opening alone changes nothing.
      deepStrictEqual(
        opened.filter((path) => path !== "/proc/self/uid_map"),
        [],
      );
    },
  },
  {
    id: "G/kernel-secrets",
    title: "what the kernel tells of its memory and of the machine's events cannot be read",
    async run(bench) {
      const session = await bench.shared();
      const seen = reported<string[]>(
        await session.run(program`
          import json, os
          seen = []
          for path in ('/proc/kcore', '/proc/kmsg', '/proc/keys', '/proc/key-users', '/proc/timer_list', '/proc/sched_debug', '/proc/vmallocinfo', '/proc/slabinfo', '/proc/pagetypeinfo', '/proc/iomem', '/sys/firmware', '/sys/kernel/debug', '/sys/kernel/tracing', '/sys/kernel/security', '/sys/fs/bpf', '/dev/mem', '/dev/kmsg', '/proc/1/ns', '/boot'):
              try: content = ' '.join(os.listdir(path)) if os.path.isdir(path) else open(path, 'rb').read(4096).decode('latin-1')
              except OSError: continue
              if path == '/proc/iomem' and set(line.split()[0] for line in content.splitlines() if line.strip()) == {'00000000-00000000'}: continue
              if path == '/proc/1/ns' and not any(os.access(path + '/' + name, os.R_OK) for name in content.split()): continue
              if content.strip(): seen.append(path)
          addresses = set(line.split()[0] for line in list(open('/proc/kallsyms'))[:100]) if os.access('/proc/kallsyms', os.R_OK) else set()
          if addresses - {'0000000000000000', '(null)'}: seen.append('/proc/kallsyms')
          print(json.dumps(seen))
        `),
      );
      // Names of namespaces alone are no secret; the links behind them cannot be opened.
      deepStrictEqual(
        seen.filter((path) => path !== "/proc/1/ns" && path !== "/proc/key-users"),
        [],
      );
    },
  },
  {
    id: "G/devices",
    title: "the devices are the harmless ones",
    async run(bench) {
      const session = await bench.shared();
      const seen = reported<{ opened: string[]; usable: boolean }>(
        await session.run(program`
          import json, os, stat
          opened = []
          for top, folders, files in os.walk('/dev'):
              for name in files:
                  path = os.path.join(top, name)
                  try:
                      mode = os.lstat(path).st_mode
                      if not (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)): continue
                      os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY))
                  except OSError: continue
                  opened.append(path)
          usable = len(open('/dev/urandom', 'rb').read(8)) == 8 and open('/dev/null', 'wb').write(b'x') == 1
          print(json.dumps({'opened': sorted(opened), 'usable': usable}))
        `),
      );
      const harmless = ["full", "null", "random", "tty", "urandom", "zero", "ptmx", "pts/ptmx"].map(
        (name) => `/dev/${name}`,
      );
      deepStrictEqual(
        seen.opened.filter((path) => !harmless.includes(path)),
        [],
      );
      ok(seen.usable);
    },
  },
  {
    id: "G/root-folder",
    title: "nothing of the image can be changed",
    async run(bench) {
      const session = await bench.shared();
      const written = reported<string[]>(
        await session.run(program`
          import json, os
          written = []
          places = ['/', '/bin', '/boot', '/etc', '/home', '/lib', '/lib64', '/media', '/mnt', '/opt', '/root', '/run', '/sbin', '/srv', '/usr', '/usr/bin', '/usr/local', '/var', '/var/tmp', '/var/lib', '/proc', '/sys', '/run/lock', '/var/run']
          for place in places:
              if place != '/' and os.path.ismount(place): continue # not the image's
              try:
                  os.close(os.open(place + '/planted', os.O_CREAT | os.O_WRONLY))
                  written.append(place)
              except OSError: pass
          for path in ('/etc/passwd', '/etc/hosts', '/etc/resolv.conf', '/etc/hostname', '/etc/ld.so.preload', '/usr/bin/env', os.path.realpath('/proc/self/exe')):
              for change in (lambda: os.open(path, os.O_WRONLY), lambda: os.unlink(path), lambda: os.chmod(path, 0o777), lambda: os.utime(path)):
                  try:
                      change()
                      written.append(path)
                  except OSError: pass
          print(json.dumps(written))
        `),
      );
      deepStrictEqual(written, []);
    },
  },
  {
    id: "G/scratch-runs-nothing",
    title: "a program starts from the workspace and not from /tmp or shared memory",
    async run(bench) {
      const session = await bench.shared();
      const ran = reported<string[]>(
        await session.run(program`
          import json, os, shutil, subprocess
          ran = []
          for place in ('/workspace', '/tmp', '/dev/shm'):
              path = place + '/tool'
              try:
                  shutil.copy('/bin/true', path)
                  os.chmod(path, 0o755)
                  subprocess.run([path], check=True)
                  ran.append(place)
                  os.unlink(path)
              except OSError: pass
          print(json.dumps(ran))
        `),
      );
      deepStrictEqual(ran, ["/workspace"]);
    },
  },
];
