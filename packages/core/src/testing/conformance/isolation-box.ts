import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { ConformanceCase } from "./conformance-case.ts";
import { allFailed, nonce, okay, reported } from "./expectations.ts";
import { program } from "./program.ts";

export const boxIsolationCases: readonly ConformanceCase[] = [
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
