import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { CommandResult } from "../../execution.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { okay } from "./expectations.ts";

export const fileChangeCases: readonly ConformanceCase[] = [
  {
    id: "E/changed-files",
    title: "a run tells which files it created, modified and removed, if asked",
    async run(bench) {
      const session = await bench.open();
      await session.files.writeFile("kept.txt", "kept");
      await session.files.writeFile("data/grows.txt", "a");
      await session.files.writeFile("goes.txt", "x");
      const code = [
        "import os",
        "open('data/grows.txt', 'a').write('bc')",
        "os.remove('goes.txt')",
        "os.makedirs('out/deep')",
        "open('out/deep/new\\nline.txt', 'w').write('12345')",
        "open('kept.txt').read()",
      ].join("\n");
      deepStrictEqual(changes(okay(await session.run(code, { changedFiles: true }))), [
        "modified data/grows.txt 3",
        "removed goes.txt null",
        "created out/deep/new\nline.txt 5",
      ]);
      deepStrictEqual(changes(okay(await session.run("1 + 1", { changedFiles: true }))), []);
      strictEqual(okay(await session.run("1 + 1")).changedFiles, undefined);
      const context = session.createContext();
      deepStrictEqual(
        changes(okay(await context.run("open('c.txt', 'w').write('c')", { changedFiles: true }))),
        ["created c.txt 1"],
      );
      deepStrictEqual(
        changes(okay(await session.executeCommand("rm c.txt; echo d > d.txt", { changedFiles: true }))),
        ["removed c.txt null", "created d.txt 2"],
      );
    },
  },
  {
    id: "E/changed-files-failing",
    title:
      "a run that fails or is stopped tells what it changed; one that hides its files loses nothing else",
    async run(bench) {
      const session = await bench.open();
      const failed = await session.run("open('a', 'w').write('1')\nraise ValueError('x')", {
        changedFiles: true,
      });
      strictEqual(failed.error?.name, "ValueError");
      deepStrictEqual(changes(failed), ["created a 1"]);
      const stopped = await session.run("open('b', 'w').write('1')\nwhile True: pass", {
        timeoutMs: 2_000,
        changedFiles: true,
      });
      strictEqual(stopped.status, "timed-out");
      deepStrictEqual(changes(stopped), ["created b 1"]);
      const many =
        "import os\nos.mkdir('many')\nfor i in range(21_000): os.symlink('x', f'many/{i}')\nprint('made')";
      const flooding = await session.run(many, { changedFiles: true });
      strictEqual(flooding.stdout, "made\n");
      ok(flooding.changedFiles === null);
    },
  },
];

function changes({ changedFiles }: CommandResult): readonly string[] | null | undefined {
  return changedFiles?.map(({ change, path, size }) => `${change} ${path} ${size}`);
}
