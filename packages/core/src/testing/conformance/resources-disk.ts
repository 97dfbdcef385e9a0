import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { ConformanceCase } from "./conformance-case.ts";
import { answers, okay, refused, reported } from "./expectations.ts";
import { program } from "./program.ts";
import { mebibyte, small } from "./resources-tools.ts";

export const diskCases: readonly ConformanceCase[] = [
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
];
