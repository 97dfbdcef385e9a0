import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { lstat, mkdir, readFile, readdir, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { BoxProcess } from "../../box/box-process.ts";
import { SandboxError } from "../../errors.ts";
import type { SandboxSession } from "../../session.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { answers, okay, refused, within } from "./expectations.ts";
import { program } from "./program.ts";

const mebibyte = 1_048_576;

/** A program that runs beside the host's operations, and has said that it begins. */
async function beside(session: SandboxSession, code: string): Promise<BoxProcess> {
  const running = await session.spawn(["python3", "-c", code]);
  running.stderr.resume();
  await once(running.stdout, "data");
  running.stdout.resume();
  return running;
}

/** Runs work many times while a hostile program changes what it works on; only typed failures are failures. */
async function race(
  session: SandboxSession,
  code: string,
  rounds: number,
  work: (round: number) => Promise<unknown>,
): Promise<void> {
  await using hostile = await beside(session, code);
  let ended: unknown;
  void hostile.exit.then((end) => (ended = end));
  for (let round = 0; round < rounds; round += 1) {
    await within(
      10_000,
      work(round).catch((error: unknown) => {
        if (!SandboxError.is(error) || error.code === "BOX_LOST") throw error;
      }),
    );
  }
  strictEqual(ended, undefined, "the hostile program did not run all the while");
}

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

export const fileCases: readonly ConformanceCase[] = [
  {
    id: "E/dot-dot",
    title: "no path climbs",
    async run(bench) {
      const session = await bench.shared();
      for (const path of ["..", "../x", "a/../../etc/passwd", "/workspace/../etc/passwd", "a/.."]) {
        await refused(session.files.readFile(path), "PATH_OUTSIDE");
        await refused(session.files.writeFile(path, "x"), "PATH_OUTSIDE");
        await refused(session.files.remove(path, { recursive: true }), "PATH_OUTSIDE");
        await refused(session.copyFromRuntime(path, await bench.folder()), "PATH_OUTSIDE");
        await refused(session.executeCommand("true", { cwd: path }), "PATH_OUTSIDE");
      }
    },
  },
  {
    id: "E/outside",
    title: "nothing is written outside the workspace and /tmp, and nothing is read from the kernel's places",
    async run(bench) {
      const session = await bench.shared();
      for (const path of [
        "/x",
        "/etc/x",
        "/etc/passwd",
        "/usr/bin/python3",
        "/workspacex/y",
        "/tmpx",
        "/proc/self/comm",
        "/dev/shm/x",
        "/sys/x",
      ]) {
        await refused(session.files.writeFile(path, "x"));
        await refused(session.files.makeDirectory(`${path}/folder`));
      }
      for (const path of ["/etc/passwd", "/usr", "/", "/workspace", "/tmp"]) {
        await refused(session.files.remove(path, { recursive: true }));
      }
      await session.files.writeFile("mine", "x");
      await refused(session.files.rename("mine", "/etc/mine"));
      await refused(session.files.rename("/etc/passwd", "stolen"));
      for (const path of [
        "/proc/1/environ",
        "/proc/1/mem",
        "/proc/self/environ",
        "/proc/kcore",
        "/sys/kernel/notes",
        "/dev/zero",
        "/dev/random",
        "/dev/fd/0",
        "/dev/stdin",
      ]) {
        await refused(within(5_000, session.files.readFile(path)));
      }
      ok((await session.files.readText("/etc/passwd")).startsWith("root:"));
      await refused(session.files.readFile("/etc/shadow"), "PERMISSION_DENIED");
    },
  },
  {
    id: "E/linked-leaf",
    title: "a link is never followed, to read, to write or to remove",
    async run(bench) {
      const session = await bench.shared();
      okay(
        await session.executeCommand(
          "echo precious > /tmp/target; ln -s /tmp/target leaf; ln -s /dev/zero zero; ln -s /proc/1/environ env; ln -s loop loop; ln -s /nowhere dangling",
        ),
      );
      for (const path of ["leaf", "zero", "env", "loop", "dangling"]) {
        await refused(within(5_000, session.files.readFile(path)), "PATH_OUTSIDE", "PERMISSION_DENIED");
        await refused(session.files.writeFile(path, "x", { append: true }));
        strictEqual((await session.files.stat(path)).type, "symlink");
      }
      await session.files.writeFile("leaf", "x").catch((error: unknown) => ok(SandboxError.is(error)));
      strictEqual(await session.files.readText("/tmp/target"), "precious\n");
      await session.files.remove("leaf", { missingOk: true });
      await session.files.remove("loop");
      strictEqual(await session.files.readText("/tmp/target"), "precious\n");
      ok(!(await session.files.exists("/nowhere")));
    },
  },
  {
    id: "E/linked-parent",
    title: "no folder on the way may be a link",
    async run(bench) {
      const session = await bench.shared();
      okay(
        await session.executeCommand(
          "mkdir /tmp/there; echo x > /tmp/there/file; ln -s /tmp/there here; ln -s / root",
        ),
      );
      await refused(session.files.readFile("here/file"), "PATH_OUTSIDE");
      await refused(session.files.writeFile("here/file", "changed"), "PATH_OUTSIDE");
      await refused(session.files.writeFile("here/new/file", "new"), "PATH_OUTSIDE");
      await refused(session.files.remove("here/file"), "PATH_OUTSIDE");
      await refused(session.files.rename("here/file", "moved"), "PATH_OUTSIDE");
      await refused(session.files.list("root/etc"), "PATH_OUTSIDE");
      await refused(session.copyFromRuntime("here/file", await bench.folder()), "PATH_OUTSIDE");
      const folder = await bench.folder();
      await writeFile(join(folder, "file"), "changed");
      await refused(session.copyToRuntime(join(folder, "file"), "here/file"), "PATH_OUTSIDE");
      strictEqual(await session.files.readText("/tmp/there/file"), "x\n");
      deepStrictEqual(
        (await session.files.list("/tmp/there")).map(({ path }) => path),
        ["file"],
      );
    },
  },
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
    id: "E/pipes-and-sockets",
    title: "a named pipe or a socket in the place of a file stops nobody",
    async run(bench) {
      const session = await bench.shared();
      okay(
        await session.run(program`
          import os, socket
          os.mkfifo('pipe')
          socket.socket(socket.AF_UNIX).bind('socket')
          open('file', 'w').write('x')
        `),
      );
      for (const path of ["pipe", "socket"]) {
        await refused(
          within(5_000, session.files.readFile(path)),
          "NOT_A_FILE",
          "FILE_ERROR",
          "PERMISSION_DENIED",
        );
        strictEqual((await session.files.stat(path)).type, "other");
        await refused(within(5_000, session.files.writeFile(path, "x", { append: true })));
        await refused(within(5_000, session.copyFromRuntime(path, await bench.folder())));
        await within(
          5_000,
          session.files.writeFile(path, "x").catch((error: unknown) => ok(SandboxError.is(error))),
        );
      }
      const folder = await bench.folder();
      await within(10_000, session.copyFromRuntime(".", folder));
      ok((await readdir(folder)).includes("file"));
    },
  },
  {
    id: "E/hard-links",
    title: "a hard link reaches nothing that its maker could not, and is copied as a file",
    async run(bench) {
      const session = await bench.shared();
      okay(
        await session.run(program`
          import os
          for target in ('/etc/passwd', '/etc/shadow', '/proc/1/environ', '/usr/bin/su'):
              for place in ('stolen', '/tmp/stolen'):
                  try: os.link(target, place)
                  except OSError: continue
                  raise SystemExit('linked ' + target)
          open('one', 'w').write('same')
          os.link('one', 'two')
        `),
      );
      const folder = await bench.folder();
      await session.copyFromRuntime(".", folder);
      deepStrictEqual(await Promise.all(["one", "two"].map((name) => readFile(join(folder, name), "utf8"))), [
        "same",
        "same",
      ]);
    },
  },
  {
    id: "E/odd-names",
    title: "files of every possible name are listed, read, written, copied and removed",
    async run(bench) {
      const session = await bench.shared();
      const names = [
        "new\nline",
        "tab\tand\rreturn",
        "-rf",
        "--help",
        "*",
        "$(touch owned)",
        "`touch owned`",
        "quote'\"quote",
        "back\\slash",
        " spaces ",
        "😀",
        "é".normalize("NFD"),
        "...",
        "C:colon",
        "\u001b[31m",
        "__proto__",
        "constructor",
        "n".repeat(255),
      ];
      for (const name of names) await session.files.writeFile(`odd/${name}`, name);
      const listed = await session.files.list("odd");
      deepStrictEqual(listed.map(({ path }) => path).toSorted(), names.toSorted());
      for (const name of names) strictEqual(await session.files.readText(`odd/${name}`), name);
      const folder = await bench.folder();
      await session.copyFromRuntime("odd", join(folder, "odd"));
      deepStrictEqual((await readdir(join(folder, "odd"))).toSorted(), names.toSorted());
      await session.copyToRuntime(join(folder, "odd"), "back");
      deepStrictEqual(
        (await session.files.list("back")).map(({ path }) => path).toSorted(),
        names.toSorted(),
      );
      for (const name of names) await session.files.remove(`odd/${name}`);
      deepStrictEqual(await session.files.list("odd"), []);
      await refused(session.files.writeFile("n".repeat(256), "x"));
      await session.files
        .writeFile(`${"a/".repeat(3_000)}x`, "x")
        .catch((error: unknown) => ok(SandboxError.is(error) && error.code !== "BOX_LOST"));
      ok(!(await session.files.exists("owned")));
    },
  },
  {
    id: "E/names-that-are-no-text",
    title: "names that are no UTF-8 are shown, and copied or refused",
    async run(bench) {
      const session = await bench.shared();
      okay(
        await session.run(
          "import os\nfor name in (b'\\xff\\xfe', b'ok\\xe2\\x82', b'plain'): open(name, 'w').write('x')",
        ),
      );
      const listed = await session.files.list();
      strictEqual(listed.length, 3);
      ok(listed.some(({ path }) => path === "plain"));
      const folder = await bench.folder();
      await session
        .copyFromRuntime(".", join(folder, "all"))
        .catch((error: unknown) => ok(SandboxError.is(error)));
      await session.files.remove("plain");
      await answers(session);
    },
  },
  {
    id: "E/deep-tree",
    title: "a tree deeper than any path is long can be met and removed",
    async run(bench) {
      const session = await bench.open();
      okay(
        await session.run(program`
          import os
          os.mkdir('deep')
          os.chdir('deep')
          for _ in range(1200):
              os.mkdir('abcdefgh')
              os.chdir('abcdefgh')
          open('bottom', 'w').write('x')
        `),
      );
      const tolerated = (error: unknown): void =>
        ok(SandboxError.is(error) && error.code !== "BOX_LOST", String(error));
      await within(
        15_000,
        session.files.list("deep", { recursive: true }).then(() => {}, tolerated),
      );
      const folder = await bench.folder();
      await within(
        30_000,
        session.copyFromRuntime("deep", join(folder, "deep")).then(() => {}, tolerated),
      );
      await within(
        15_000,
        session.files.remove("deep", { recursive: true }).then(() => {}, tolerated),
      );
      await answers(session);
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
    id: "E/workspace-locked",
    title: "a workspace that a program locks is an error that the next command can mend",
    async run(bench) {
      const session = await bench.open();
      okay(await session.run("import os\nopen('file', 'w').write('x')\nos.chmod('/workspace', 0)"));
      await refused(session.files.readFile("file"), "PERMISSION_DENIED");
      await refused(session.files.writeFile("other", "x"), "PERMISSION_DENIED");
      await within(
        10_000,
        session.run("print(1)").then(
          () => {},
          (error: unknown) => ok(SandboxError.is(error)),
        ),
      );
      okay(await session.executeCommand(["chmod", "700", "/workspace"], { cwd: "/tmp" }));
      await answers(session);
    },
  },
  {
    id: "E/workspace-replaced",
    title: "a workspace can be emptied, and neither removed nor replaced",
    async run(bench) {
      const session = await bench.open();
      await session.files.writeFile("folder/file", "x");
      await session.executeCommand(
        "rm -rf /workspace; mv /workspace /tmp/w; rmdir /workspace; ln -s /etc /workspace; rm -f /workspace/etc",
      );
      deepStrictEqual(await session.files.list(), []);
      await session.files.writeFile("file", "again");
      strictEqual(await session.files.readText("file"), "again");
      await answers(session);
    },
  },
  {
    id: "E/folder-removed",
    title: "a program whose folder disappears under it ends as it would anywhere",
    async run(bench) {
      const session = await bench.shared();
      await session.files.makeDirectory("sub");
      const code =
        "import os, shutil\nshutil.rmtree('/workspace/sub')\ntry: os.getcwd()\nexcept OSError: print('gone')";
      strictEqual(okay(await session.run(code, { cwd: "sub" })).stdout, "gone\n");
      await refused(session.run("print(1)", { cwd: "sub" }));
      await answers(session);
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
  {
    id: "E/kinds",
    title: "a folder is no file and a file is no folder, with an error that says so",
    async run(bench) {
      const session = await bench.shared();
      await session.files.writeFile("folder/file", "x");
      await refused(session.files.readFile("folder"), "NOT_A_FILE");
      await refused(session.files.writeFile("folder", "x"), "NOT_A_FILE", "FILE_EXISTS");
      await refused(session.files.list("folder/file"), "NOT_A_DIRECTORY");
      await refused(session.files.writeFile("folder/file/below", "x"), "NOT_A_DIRECTORY");
      await refused(session.files.remove("folder"), "FILE_ERROR");
      await refused(session.files.readFile("absent"), "FILE_NOT_FOUND");
      await refused(session.files.remove("absent"), "FILE_NOT_FOUND");
      await refused(session.copyFromRuntime("absent", await bench.folder()), "FILE_NOT_FOUND");
      await refused(session.copyToRuntime(join(await bench.folder(), "absent"), "x"), "FILE_NOT_FOUND");
      okay(await session.executeCommand("echo secret > locked; chmod 0 locked"));
      await refused(session.files.readFile("locked"), "PERMISSION_DENIED");
    },
  },
];
