import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { SandboxSession } from "../../session.ts";
import type { SandboxSessionOptions } from "../../session-options.ts";
import type { CaseLanguage, ConformanceCase } from "./conformance-case.ts";
import { answers, endsAs, okay, refused, reported, within } from "./expectations.ts";
import { program } from "./program.ts";

/** Text that breaks whatever is pasted into a shell, a here-document, JSON or another program's source. */
const awkward = [
  `'"\`''''"""\`\`\``,
  "$(id) ${HOME} $HOME `id` \\$ \\\\ \\n \\0",
  "EOF\nEOS\n<<EOF\n__END__",
  "%s %d %% {0} {{}} #{x}",
  "; rm -rf / && || | & > < !! ~ * ? [a] #",
  "é 漢字 😀 \u202E\u200D\uFEFF",
  "</script> --> ]]> <?php",
].join("\n");

/** How each language prints a text it was given as a literal of JSON, which is one of Python and JavaScript too. */
const echo: Readonly<Record<"python" | "javascript" | "bash", (text: string) => string>> = {
  python: (text) => `import sys\nsys.stdout.write(${JSON.stringify(text)})`,
  javascript: (text) => `process.stdout.write(${JSON.stringify(text)})`,
  bash: (text) => `printf %s '${text.replaceAll("'", "'\\''")}'`,
};

const interpreted = ["python", "javascript", "bash"] as const;

/** A program that destroys the interpreter that runs it. */
function suicide(
  name: string,
  lang: CaseLanguage,
  code: string,
  expected: { readonly exitCode?: number; readonly signal?: string },
): ConformanceCase {
  return {
    id: `F/suicide-${name}`,
    title: `a program that ends its interpreter (${name}) is a result, and the session goes on`,
    async run(bench) {
      const session = await bench.shared({ lang });
      const result = await within(15_000, session.run(code, { timeoutMs: 10_000 }));
      if (expected.exitCode !== undefined) strictEqual(result.exitCode, expected.exitCode, result.stderr);
      if (expected.signal !== undefined) strictEqual(result.signal, expected.signal, result.stderr);
      ok(["ok", "failed"].includes(result.status), result.status);
      await answers(session);
    },
  };
}

export const inputCases: readonly ConformanceCase[] = [
  ...interpreted.flatMap((lang): ConformanceCase[] => [
    {
      id: `F/quotes-${lang}`,
      title: `every kind of quote, here-document and escape reaches ${lang} unchanged`,
      async run(bench) {
        const session = await bench.shared({ lang });
        strictEqual(okay(await session.run(echo[lang](awkward))).stdout, awkward);
      },
    },
    {
      id: `F/megabyte-${lang}`,
      title: `a megabyte of source runs in ${lang}`,
      async run(bench) {
        const session = await bench.shared({ lang });
        const text = "0123456789abcdef".repeat(65_536);
        const result = okay(
          await session.run(
            `# comment\n`.replace("#", lang === "javascript" ? "//" : "#").repeat(1_000) + echo[lang](text),
          ),
        );
        strictEqual(result.stdout.length, text.length);
        strictEqual(result.stdout, text);
      },
    },
    {
      id: `F/empty-${lang}`,
      title: `nothing to run is nothing to fail in ${lang}`,
      async run(bench) {
        const session = await bench.shared({ lang });
        for (const code of ["", "\n", "  \n\t\n", lang === "javascript" ? "// nothing" : "# nothing"]) {
          const result = okay(await session.run(code));
          deepStrictEqual([result.stdout, result.stderr, result.exitCode], ["", "", 0]);
        }
      },
    },
    {
      id: `F/arguments-${lang}`,
      title: `arguments and environment reach ${lang} exactly`,
      async run(bench) {
        const session = await bench.shared({ lang });
        const argv = ["", "-c", "--help", "-", "--", "a b", "$(id)", "*", "'\"", "\n", "é😀"];
        const env = { EMPTY: "", AWKWARD: awkward, _under: "x=y", PYTHONDUMPREFS: "0" };
        const code = {
          python:
            "import json, os, sys\nprint(json.dumps([sys.argv[1:], os.environ['AWKWARD'], os.environ['EMPTY'], os.environ['_under']]))",
          javascript:
            "console.log(JSON.stringify([process.argv.slice(2), process.env.AWKWARD, process.env.EMPTY, process.env._under]))",
          bash: `printf '%s\\0' "$@" "$AWKWARD" "$EMPTY" "$_under"`,
        }[lang];
        const result = okay(await session.run(code, { argv, env }));
        const seen: unknown =
          lang === "bash"
            ? ((parts: string[]) => [parts.slice(0, -3), ...parts.slice(-3)])(
                result.stdout.split("\0").slice(0, -1),
              )
            : JSON.parse(result.stdout);
        deepStrictEqual(seen, [argv, env.AWKWARD, env.EMPTY, env._under]);
      },
    },
  ]),
  {
    id: "F/line-ends",
    title: "source with CRLF line ends runs as it would from a file",
    async run(bench) {
      const python = await bench.shared();
      strictEqual(
        okay(await python.run("if True:\r\n    x = '''a\r\nb'''\r\n    print(repr(x))\r\n")).stdout,
        "'a\\nb'\n",
      );
      const javascript = await bench.shared({ lang: "javascript" });
      strictEqual(okay(await javascript.run("const x = 1 // one\r\nconsole.log(x)\r\n")).stdout, "1\n");
    },
  },
  {
    id: "F/byte-order-mark",
    title: "a byte-order mark before the source does not matter",
    async run(bench) {
      for (const lang of ["python", "javascript"] as const) {
        const session = await bench.shared({ lang });
        strictEqual(okay(await session.run(`\uFEFF${echo[lang]("x")}`)).stdout, "x");
      }
    },
  },
  {
    id: "F/encoding-line",
    title: "source is UTF-8 whatever it says of itself",
    async run(bench) {
      const session = await bench.shared();
      strictEqual(okay(await session.run("# -*- coding: latin-1 -*-\nprint('é😀')")).stdout, "é😀\n");
    },
  },
  {
    id: "F/no-source",
    title: "what cannot be a program is refused before anything runs",
    async run(bench) {
      const session = await bench.shared();
      const hopeless: unknown[] = [
        "a\0b",
        "\uD800",
        "x\uDC00",
        undefined,
        null,
        5,
        {},
        ["print(1)"],
        Buffer.from("print(1)"),
        "x".repeat(17 * 1_048_576),
      ];
      for (const code of hopeless) await refused(session.run(code as string), "INVALID_OPTION");
      for (const command of ["a\0b", "\uD800", [], [""], [5], undefined, null, {}]) {
        await refused(session.executeCommand(command as string), "INVALID_OPTION");
      }
    },
  },
  {
    id: "F/hostile-environment-names",
    title: "names that no environment can hold are refused, and odd ones poison nothing",
    async run(bench) {
      const session = await bench.shared();
      for (const name of ["", "A=B", "1A", "A B", "A\0", "A\n", "é", "-x", "BASH_FUNC_x%%"]) {
        const env = { [name]: "x" };
        await refused(session.run("pass", { env }), "INVALID_OPTION");
        await refused(session.executeCommand("true", { env }), "INVALID_OPTION");
        await refused(() => bench.open({ env }), "INVALID_OPTION");
      }
      for (const value of ["a\0b", "\uD800", 5, null]) {
        await refused(session.run("pass", { env: { A: value as string } }), "INVALID_OPTION");
      }
      const env = JSON.parse('{"__proto__":"polluted","constructor":"c","toString":"t"}') as Record<
        string,
        string
      >;
      const result = okay(
        await session.run("import os\nprint(os.environ.get('constructor'), os.environ.get('toString'))", {
          env,
        }),
      );
      strictEqual(result.stdout, "c t\n");
      strictEqual(({} as { polluted?: unknown }).polluted, undefined);
      strictEqual(typeof {}.toString, "function");
    },
  },
  {
    id: "F/own-environment",
    title: "an environment that would derail an interpreter derails that run at most",
    async run(bench) {
      const session = await bench.shared();
      const env = {
        PYTHONHOME: "/nowhere",
        PYTHONPATH: "/workspace",
        LD_PRELOAD: "/nowhere.so",
        PATH: "/nowhere",
        LANG: "xx_YY",
        HOME: "/nowhere",
      };
      const result = await within(10_000, session.run("print(1)", { env }));
      ok(["ok", "failed"].includes(result.status));
      await answers(session);
    },
  },
  {
    id: "F/unknown-language",
    title: "a language that a model made up is refused, whatever it is called",
    async run(bench) {
      for (const lang of [
        "brainfuck",
        "python; rm -rf /",
        "../python",
        "__proto__",
        "constructor",
        "toString",
        "",
        "PYTHON3.12 ",
        5,
        null,
        {},
      ]) {
        const options = { runtime: bench.runtime, lang } as SandboxSessionOptions;
        if (lang === null) continue;
        await refused(() => new SandboxSession(options), "UNKNOWN_LANGUAGE", "INVALID_OPTION");
      }
    },
  },
  {
    id: "F/unknown-options",
    title: "an option that does not exist is refused, so that no misspelt limit is no limit",
    async run(bench) {
      const session = await bench.shared();
      const attempts: (() => unknown)[] = [
        () => session.run("pass", { timeout: 5 } as object),
        () => session.executeCommand("true", { timeoutMS: 5 } as object),
        () => session.spawn("true", { onOutput: () => {} } as object),
        () => session.copyFromRuntime("x", "/tmp/x", { max: 1 } as object),
        () => new SandboxSession({ runtime: bench.runtime, memory: 5 } as object),
        () => new SandboxSession({ runtime: bench.runtime, limits: { memory: 5 } as object }),
        () => new SandboxSession({ runtime: bench.runtime, limits: { memoryBytes: Number.NaN } }),
        () => new SandboxSession({ runtime: bench.runtime, limits: { processes: 0 } }),
        () => new SandboxSession({ runtime: bench.runtime, limits: { cpus: -1 } }),
        () => new SandboxSession({ runtime: bench.runtime, limits: { diskBytes: Number.POSITIVE_INFINITY } }),
        () => new SandboxSession({ runtime: bench.runtime, network: "host" as "none" }),
        () => new SandboxSession({ runtime: bench.runtime, image: "--privileged" }),
        () => new SandboxSession({ runtime: bench.runtime, image: "a", dockerfile: "b" }),
        () => session.run("pass", 5 as unknown as object),
      ];
      for (const attempt of attempts) await refused(attempt, "INVALID_OPTION");
    },
  },
  {
    id: "F/command-forms",
    title: "a command as a text is the shell's, a command as a list is nobody's but the program's",
    async run(bench) {
      const session = await bench.shared();
      strictEqual(
        okay(await session.executeCommand("echo a'b'$((1+1)) | tr a-b x-y; echo $0")).stdout.split("\n")[0],
        "xy2",
      );
      const listed = okay(await session.executeCommand(["printf", "%s|", "$(id)", "a b", "*", ";", awkward]));
      strictEqual(listed.stdout, `$(id)|a b|*|;|${awkward}|`);
    },
  },
  {
    id: "F/paths",
    title: "what is no path is refused before anything is asked of the box",
    async run(bench) {
      const session = await bench.shared();
      for (const path of ["", "a\0b", "\uD800", 5, null, undefined, {}]) {
        await refused(session.files.readFile(path as string), "INVALID_OPTION");
        await refused(session.files.writeFile(path as string, "x"), "INVALID_OPTION");
        await refused(session.files.remove(path as string), "INVALID_OPTION");
      }
      await refused(session.copyToRuntime("", "x"), "INVALID_OPTION");
      await refused(session.copyFromRuntime("x", "a\0b"), "INVALID_OPTION");
    },
  },
  {
    id: "F/deep-source",
    title: "source that overflows a parser fails as a program does",
    async run(bench) {
      const python = await bench.shared();
      for (const code of [
        `${"(".repeat(5_000)}1${")".repeat(5_000)}`,
        `${"-".repeat(200_000)}1`,
        "if 1:\n".repeat(1) + " ".repeat(1),
        `x${".x".repeat(200_000)}`,
      ]) {
        const result = await within(20_000, python.run(code, { timeoutMs: 15_000 }));
        ok(result.status === "failed" || result.status === "ok", result.status);
        await answers(python);
      }
      const javascript = await bench.shared({ lang: "javascript" });
      endsAs(await javascript.run(`${"[".repeat(200_000)}`), "failed");
      await answers(javascript);
      const bash = await bench.shared({ lang: "bash" });
      endsAs(await bash.run(`${"( ".repeat(20_000)}`), "failed");
      await answers(bash);
    },
  },
  {
    id: "F/descriptor-three",
    title: "a shell program may use descriptor 3 as any other",
    async run(bench) {
      const session = await bench.shared({ lang: "bash" });
      const result = okay(
        await session.run("exec 3> file\necho hidden >&3\nexec 3>&-\ncat file\necho shown"),
      );
      strictEqual(result.stdout, "hidden\nshown\n");
    },
  },
  suicide("exit", "python", "import os\nos._exit(3)", { exitCode: 3 }),
  suicide("exit-text", "python", "raise SystemExit('why')", { exitCode: 1 }),
  suicide("segfault", "python", "import ctypes\nctypes.string_at(0)", { signal: "SIGSEGV" }),
  suicide("recursion", "python", "def f(): f()\nf()", { exitCode: 1 }),
  suicide("builtins", "python", "import builtins\nfor name in dir(builtins): delattr(builtins, name)", {}),
  suicide("modules", "python", "import sys\nsys.modules.clear()\nsys.stdout = sys.stderr = None", {}),
  suicide("descriptors", "python", "import os\nos.closerange(0, 1024)", {}),
  suicide("exit-handler", "python", "import atexit, os\natexit.register(os._exit, 5)", { exitCode: 5 }),
  suicide(
    "trace",
    "python",
    "import sys\nsys.settrace(lambda *_: 1 / 0)\nsys.excepthook = None\nraise KeyError('x')",
    {},
  ),
  suicide(
    "unraisable",
    "python",
    "class Odd(Exception):\n    def __str__(self): raise Odd()\n    __repr__ = __str__\nraise Odd()",
    { exitCode: 1 },
  ),
  suicide("exit-javascript", "javascript", "process.exit(4)", { exitCode: 4 }),
  suicide("abort-javascript", "javascript", "process.abort()", { signal: "SIGABRT" }),
  suicide("throw-javascript", "javascript", "setTimeout(() => { throw null }, 10)", { exitCode: 1 }),
  suicide(
    "reject-javascript",
    "javascript",
    "Promise.reject({ get message() { throw 1 }, get stack() { throw 2 } })",
    { exitCode: 1 },
  ),
  suicide(
    "prototypes-javascript",
    "javascript",
    program`
      JSON.stringify = () => "{}"; JSON.parse = () => ({}); Object.prototype.type = "done";
      Array.prototype.push = () => { throw 1 }; Function.prototype.call = () => 1; Promise.prototype.then = () => {};
      process.exit = () => {}; process.stdout.write = () => true; globalThis.process = null;
    `,
    {},
  ),
  suicide("exit-bash", "bash", "trap 'exit 6' EXIT\nset -e\nfalse", { exitCode: 6 }),
  suicide("kill-bash", "bash", "kill -SEGV $$", { signal: "SIGSEGV" }),
  suicide("exec-bash", "bash", "exec 0<&- 1>&- 2>&-\nexec false", { exitCode: 1 }),
  suicide(
    "functions-bash",
    "bash",
    "echo() { :; }\nprintf() { :; }\nexit() { :; }\nunset PATH\nset -u -f\nenable -n echo",
    {},
  ),
  {
    id: "F/result-of-hostile-source",
    title: "error, traceback and value are texts, whatever a program makes of them",
    async run(bench) {
      const session = await bench.shared();
      const result = await session.run(
        "class __proto__(Exception): pass\nraise __proto__('\\x00\\ud800' + 'x' * 100)",
      );
      endsAs(result, "failed");
      strictEqual(result.error?.name, "__proto__");
      ok(typeof result.error.message === "string" && result.error.message.isWellFormed());
      const report = reported<string>(await session.run("print('\"fine\"')"));
      strictEqual(report, "fine");
    },
  },
];
