import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { lstat, mkdir, readFile, readdir, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SandboxError } from "../../errors.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { okay, refused, within } from "./expectations.ts";
import { program } from "./program.ts";
import { mebibyte } from "./files-tools.ts";

export const fileCopyCases: readonly ConformanceCase[] = [
  {
    id: "E/copy-out-links",
    title: "links that leave the folder are left out on the way out and reported, links inside it stay links",
    async run(bench) {
      const session = await bench.shared();
      for (const target of ["/etc/passwd", "../../../etc/passwd", "..", "a/../../x", "/"]) {
        okay(
          await session.executeCommand([
            "sh",
            "-c",
            'rm -rf hostile; mkdir hostile; ln -s "$0" hostile/link',
            target,
          ]),
        );
        const folder = await bench.folder();
        const { skipped } = await session.copyFromRuntime("hostile", join(folder, "copy"));
        deepStrictEqual(
          skipped.map(({ path }) => path),
          ["link"],
        );
        await rejects(lstat(join(folder, "copy", "link")));
      }
      okay(
        await session.executeCommand("mkdir -p good/sub; echo x > good/file; ln -s ../file good/sub/inner"),
      );
      const folder = await bench.folder();
      await session.copyFromRuntime("good", join(folder, "copy"));
      strictEqual(await readlink(join(folder, "copy/sub/inner")), "../file");
      strictEqual(await readFile(join(folder, "copy/sub/inner"), "utf8"), "x\n");
    },
  },
  {
    id: "E/copy-out-through-links",
    title: "what is copied out over a link on the host replaces the link, never its target",
    async run(bench) {
      const session = await bench.shared();
      okay(await session.executeCommand("mkdir -p out/sub; echo new > out/file; echo new > out/sub/file"));
      const folder = await bench.folder();
      await mkdir(join(folder, "copy"));
      await mkdir(join(folder, "precious"));
      await writeFile(join(folder, "precious/file"), "precious");
      await symlink(join(folder, "precious/file"), join(folder, "copy/file"));
      await symlink(join(folder, "precious"), join(folder, "copy/sub"));
      await session
        .copyFromRuntime("out", join(folder, "copy"))
        .catch((error: unknown) => ok(SandboxError.is(error)));
      strictEqual(await readFile(join(folder, "precious/file"), "utf8"), "precious");
    },
  },
  {
    id: "E/copy-out-modes",
    title: "no file that is copied out keeps a set-user-id bit or can be written by others",
    async run(bench) {
      const session = await bench.shared();
      okay(await session.executeCommand("mkdir out; echo x > out/tool; chmod 6777 out/tool; chmod 3777 out"));
      const folder = await bench.folder();
      await session.copyFromRuntime("out", join(folder, "copy"));
      const { mode } = await stat(join(folder, "copy/tool"));
      strictEqual(mode & 0o7022, 0, mode.toString(8));
      strictEqual(mode & 0o111, 0o111);
    },
  },
  {
    id: "E/round-trip",
    title: "sixteen megabytes of random bytes come back as they went, and so does a tree",
    async run(bench) {
      const session = await bench.shared();
      const bytes = randomBytes(16 * mebibyte);
      await session.files.writeFile("random", bytes);
      ok((await session.files.readFile("random")).equals(bytes));
      await session.files.remove("random");
      const folder = await bench.folder();
      await mkdir(join(folder, "tree/empty"), { recursive: true });
      await writeFile(join(folder, "tree/script"), "#!/bin/sh\necho ran", { mode: 0o755 });
      await writeFile(join(folder, "tree/bytes"), bytes.subarray(0, 100_001));
      await symlink("script", join(folder, "tree/link"));
      await session.copyToRuntime(join(folder, "tree"), "tree");
      strictEqual(okay(await session.executeCommand(["./tree/link"])).stdout, "ran\n");
      await session.copyFromRuntime("tree", join(folder, "back"));
      deepStrictEqual((await readdir(join(folder, "back"))).toSorted(), ["bytes", "empty", "link", "script"]);
      ok((await readFile(join(folder, "back/bytes"))).equals(bytes.subarray(0, 100_001)));
      strictEqual(await readlink(join(folder, "back/link")), "script");
    },
  },
  {
    id: "E/whole-or-not",
    title: "a file that the host writes is seen whole, before and after",
    async run(bench) {
      const session = await bench.shared();
      await session.files.writeFile("flag", "0".repeat(200_000));
      const begun = Promise.withResolvers<void>();
      const reader = session.run(
        program`
          import os
          torn = reads = 0
          while not os.path.exists('stop'):
              text = open('flag').read()
              if len(text) != 200000 or text != text[0] * 200000: torn += 1
              if reads == 0: print('begins', flush=True)
              reads += 1
          print(torn)
        `,
        { onOutput: () => begun.resolve() },
      );
      await within(20_000, Promise.race([begun.promise, reader]));
      for (let round = 0; round < 40; round += 1) {
        await session.files.writeFile("flag", String(round % 10).repeat(200_000));
      }
      await session.files.writeFile("stop", "");
      strictEqual(okay(await reader).stdout, "begins\n0\n");
      deepStrictEqual(
        (await session.files.list()).map(({ path }) => path),
        ["flag", "stop"],
      );
    },
  },
  {
    id: "E/write-aborted",
    title: "a write that is aborted or whose source fails leaves what was there",
    async run(bench) {
      const session = await bench.shared();
      await session.files.writeFile("kept", "old");
      const aborting = new AbortController();
      async function* slow(): AsyncGenerator<Uint8Array> {
        for (let count = 0; ; count += 1) {
          yield Buffer.alloc(100_000);
          if (count === 5) aborting.abort(new Error("enough"));
          await sleep(5);
        }
      }
      await rejects(
        within(10_000, session.files.writeFile("kept", slow(), { signal: aborting.signal })),
        /enough/,
      );
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield Buffer.alloc(100_000);
        throw new Error("broken source");
      }
      await rejects(within(10_000, session.files.writeFile("kept", broken())), /broken source/);
      strictEqual(await session.files.readText("kept"), "old");
      deepStrictEqual(
        (await session.files.list()).map(({ path }) => path),
        ["kept"],
      );
    },
  },
  {
    id: "E/limits",
    title: "reading, listing and copying out stop at their limits",
    async run(bench) {
      const session = await bench.shared();
      okay(
        await session.run(
          "import os\nos.mkdir('many')\nfor n in range(500): open(f'many/{n}', 'w').write('x' * 1000)",
        ),
      );
      await refused(session.files.list("many", { maxEntries: 499 }), "FILE_TOO_LARGE");
      strictEqual((await session.files.list("many", { maxEntries: 500 })).length, 500);
      await refused(session.files.readFile("many/1", { maxBytes: 999 }), "FILE_TOO_LARGE");
      const folder = await bench.folder();
      await refused(
        session.copyFromRuntime("many", join(folder, "a"), { maxEntries: 100 }),
        "FILE_TOO_LARGE",
      );
      await refused(
        session.copyFromRuntime("many", join(folder, "b"), { maxBytes: 100_000 }),
        "FILE_TOO_LARGE",
      );
      await refused(
        session.copyFromRuntime("many/1", join(folder, "c"), { maxBytes: 999 }),
        "FILE_TOO_LARGE",
      );
      await rejects(lstat(join(folder, "c")));
      await session.copyFromRuntime("many", join(folder, "d"));
      strictEqual((await readdir(join(folder, "d"))).length, 500);
    },
  },
];
