import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { SandboxError } from "../../errors.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { answers, within } from "./expectations.ts";
import { program } from "./program.ts";
import { mebibyte, beside, race } from "./files-tools.ts";

/** Swaps the folder `place` and a link to /tmp/outside as fast as it can. */
const swap = program`
  import ctypes, os
  libc = ctypes.CDLL(None)
  os.makedirs('place', exist_ok=True)
  os.makedirs('/tmp/outside', exist_ok=True)
  open('/tmp/outside/file', 'w').write('OUTSIDE')
  open('place/file', 'w').write('inside')
  os.symlink('/tmp/outside', 'link')
  print('begins', flush=True)
  while True: libc.renameat2(-100, b'place', -100, b'link', 2)
`;

export const fileRaceCases: readonly ConformanceCase[] = [
  {
    id: "E/race-write",
    title: "a folder that is swapped for a link while the host writes never leads outside",
    async run(bench) {
      const session = await bench.open();
      await race(session, swap, 150, (round) => session.files.writeFile(`place/written-${round}`, "x"));
      const outside = (await session.files.list("/tmp/outside")).map(({ path }) => path);
      deepStrictEqual(outside, ["file"]);
      await answers(session);
    },
  },
  {
    id: "E/race-read",
    title: "a folder that is swapped for a link while the host reads never shows what is outside",
    async run(bench) {
      const session = await bench.open();
      const seen = new Set<string>();
      await race(session, swap, 200, async () => seen.add(await session.files.readText("place/file")));
      ok(!seen.has("OUTSIDE"));
    },
  },
  {
    id: "E/race-remove",
    title: "a folder that is swapped for a link while the host removes it takes nothing outside with it",
    async run(bench) {
      const session = await bench.open();
      const code = program`
        import ctypes, os
        libc = ctypes.CDLL(None)
        os.makedirs('/tmp/outside', exist_ok=True)
        open('/tmp/outside/file', 'w').write('OUTSIDE')
        print('begins', flush=True)
        while True:
            try:
                if not os.path.lexists('link'): os.symlink('/tmp/outside', 'link')
                os.makedirs('tree/place', exist_ok=True)
                for _ in range(50): libc.renameat2(-100, b'tree/place', -100, b'link', 2)
            except OSError: pass
      `;
      await race(session, code, 60, () => session.files.remove("tree", { recursive: true, missingOk: true }));
      strictEqual(await session.files.readText("/tmp/outside/file"), "OUTSIDE");
    },
  },
  {
    id: "E/race-copy-out",
    title: "a folder that is swapped for a link while it is copied out brings nothing from outside",
    async run(bench) {
      const session = await bench.open();
      const folder = await bench.folder();
      await race(session, swap, 20, (round) =>
        session.copyFromRuntime("place", join(folder, `copy-${round}`)),
      );
      for (const copy of await readdir(folder)) {
        const content = await readFile(join(folder, copy, "file"), "utf8").catch(() => "");
        ok(content !== "OUTSIDE");
      }
    },
  },
  {
    id: "E/growing-file",
    title: "a file that grows while it is read or copied ends all the same, within its limit",
    async run(bench) {
      const session = await bench.open({ limits: { diskBytes: 64 * mebibyte } });
      await using hostile = await beside(
        session,
        program`
          import os
          handle = os.open('growing', os.O_CREAT | os.O_WRONLY | os.O_APPEND)
          print('begins', flush=True)
          size = 0
          while True:
              try: size += os.write(handle, bytes(65536))
              except OSError: size = 1 << 40
              if size > 40 << 20:
                  os.ftruncate(handle, 1 << 20)
                  size = 1 << 20
        `,
      );
      ok(hostile.pid > 0);
      const tolerated = (error: unknown): void =>
        ok(SandboxError.is(error) && error.code !== "BOX_LOST", String(error));
      const folder = await bench.folder();
      for (let round = 0; round < 5; round += 1) {
        const target = join(folder, `copy-${round}`);
        await within(
          15_000,
          session.copyFromRuntime("growing", target, { maxBytes: 48 * mebibyte }).catch(tolerated),
        );
        await within(
          15_000,
          session.copyFromRuntime(".", `${target}-all`, { maxBytes: 48 * mebibyte }).catch(tolerated),
        );
        await within(
          15_000,
          session.files.readFile("growing", { maxBytes: mebibyte }).then(() => {}, tolerated),
        );
        const size = await stat(target).then(
          (status) => status.size,
          () => 0,
        );
        ok(size <= 48 * mebibyte, `${size} bytes`);
      }
    },
  },
];
