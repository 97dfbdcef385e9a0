import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SandboxError } from "../../errors.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { answers, okay, refused, within } from "./expectations.ts";
import { program } from "./program.ts";

export const filePathCases: readonly ConformanceCase[] = [
  {
    id: "E/write-on-link",
    title: "the host never writes through a link, nor in its place",
    async run(bench) {
      const session = await bench.shared();
      okay(
        await session.executeCommand(
          "rm -rf t; mkdir t; echo kept > t/file; ln -s file t/link; ln -s /etc/none t/out",
        ),
      );
      for (const link of ["t/link", "t/out"]) {
        await rejects(session.files.writeFile(link, "x"), { code: "PATH_OUTSIDE" });
        strictEqual((await session.files.stat(link)).type, "symlink");
      }
      strictEqual(await session.files.readText("t/file"), "kept\n");
    },
  },
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
    id: "E/dates",
    title: "files that a program dates before 1970 and far from now are listed, copied and told of as others",
    async run(bench) {
      const session = await bench.open();
      const dated = await session.run(
        program`
          import os
          os.mkdir('dated')
          for number, seconds in enumerate((-86400.5, -1, 0, 4e9, 1e11, -1e11, 9e15)):
              path = f'dated/{number}'
              open(path, 'w').close()
              try:
                  os.utime(path, (seconds, seconds))
              except (OSError, OverflowError, ValueError) as error:
                  print(error)
        `,
        { changedFiles: true },
      );
      okay(dated);
      strictEqual(dated.changedFiles?.length, 7);
      const listed = await session.files.list("dated");
      strictEqual(listed.length, 7);
      for (const { path, modifiedAt } of listed) ok(!Number.isNaN(modifiedAt.getTime()), path);
      strictEqual(listed.find(({ path }) => path.endsWith("1"))?.modifiedAt.getTime(), -1_000);
      const folder = await bench.folder();
      await session.copyFromRuntime("dated", join(folder, "dated"));
      strictEqual((await readdir(join(folder, "dated"))).length, 7);
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
