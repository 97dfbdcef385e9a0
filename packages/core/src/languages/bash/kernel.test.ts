import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { KernelProcess, type KernelRunOptions, runScript } from "../kernel-process.ts";
import { bash } from "./index.ts";

vi.setConfig({ testTimeout: 60_000 });

const available = spawnSync("bash", ["-c", "((BASH_VERSINFO[0] >= 5))"]).status === 0;
const run = (code: string, options?: KernelRunOptions) => runScript(bash, code, options);

describe.skipIf(!available)("a Bash script", () => {
  test.each([
    "plain",
    'it\'s "quoted" `and` $(this) ${too}',
    'back\\slash \\n \\\\ \\" \\u0041 \\x41',
    "é😀\u2028 tab\there",
    "control \u0001\u0002\u001b[31m &",
    '{"json": [1, true], "code": "x"}',
  ])("gets its text unchanged: %j", async (text) => {
    const result = await run(`cat <<'END'\n${text}\nEND\n`, { argv: [text, ""] });
    expect(result).toMatchObject({ stdout: `${text}\n`, stderr: "", exitCode: 0 });
    const argument = await run('printf "%s|" "$@" "$#" "$0"', { argv: [text, ""], filename: "tool.sh" });
    expect(argument.stdout).toBe(`${text}||2|tool.sh|`);
  });

  test("reads standard input, has its exit code, and its own line numbers", async () => {
    expect(await run('read -r a; echo "<$a>"; cat; exit 3', { stdin: "one\ntwo\n" })).toMatchObject({
      stdout: "<one>\ntwo\n",
      exitCode: 3,
      error: undefined,
    });
    expect(await run("echo a\n\nnot-a-command-at-all")).toMatchObject({
      stdout: "a\n",
      stderr: "main.sh: line 3: not-a-command-at-all: command not found\n",
      exitCode: 127,
    });
    expect(await run("kill -TERM $$")).toMatchObject({ exitCode: null, signal: "SIGTERM" });
  });

  test("with a syntax error says where, after what stood before it", async () => {
    const result = await run("echo before\nif true; then\n  echo )\nfi");
    expect(result).toMatchObject({ stdout: "before\n", exitCode: 2 });
    expect(result.error).toMatchObject({ name: "SyntaxError", line: 3 });
    expect(result.error?.message).toContain("syntax error");
  });

  test("knows nothing of the kernel", async () => {
    const result = await run(
      "compgen -v | grep -c sandbox; compgen -A function; ls -l /proc/self/fd | grep -c 'fd/3 ->'; echo $SHLVL",
    );
    expect(result.stdout).toMatch(/^0\n0\n\d\n$/);
  });

  test("may be a megabyte long, with NULs left out", async () => {
    expect(await run(`${": 0123456789\n".repeat(80_000)}echo end "$1"`, { argv: ["x"] })).toMatchObject({
      stdout: "end x\n",
      exitCode: 0,
    });
    expect(await run("echo a\0b '\\u0000'")).toMatchObject({ stdout: "ab \\u0000\n" });
  });
});

describe.skipIf(!available)("a Bash context", () => {
  let kernel: KernelProcess;
  let count = 0;
  const open = (): void => {
    kernel = new KernelProcess(bash);
    count = 0;
  };
  const run = (code: string, interruptAt?: string) => {
    count += 1;
    const interrupt = async (): Promise<void> => {
      await kernel.printed(interruptAt!);
      kernel.interruptRun(count);
    };
    return kernel.inContext(code, count, interruptAt === undefined ? undefined : interrupt);
  };
  afterEach(() => kernel.kill());

  test("keeps variables, functions, aliases, options and the folder", async () => {
    open();
    await run(
      "x=1 array=(a 'b  c'); declare -A map=([k]='v\"'); export E=e; declare -i n=2; f() { echo \"f $1 $x\"; }\ncd /usr; shopt -s extglob; set -u; alias say=echo",
    );
    const second = await run(
      "echo \"$x ${array[1]} ${map[k]} $(bash -c 'echo $E') $((n += 1))\"; f z; pwd; shopt extglob; echo $-; alias say; unset x",
    );
    expect(second.stderr).toBe("");
    expect(second.stdout).toMatch(
      /^1 b {2}c v" e 3\nf z 1\n\/usr\nextglob\s+on\n\w*u\w*\nalias say='echo'\n$/,
    );
    expect(await run('echo "${x-unset} $n"')).toMatchObject({ stdout: "unset 3\n", stderr: "" });
  });

  test("survives exit, errexit, errors, exec and traps", async () => {
    open();
    expect(await run("a=1; exit 3")).toMatchObject({ exitCode: 3 });
    expect(await run("b=2; trap 'echo bye' EXIT; false")).toMatchObject({ stdout: "bye\n", exitCode: 1 });
    expect(await run("c=3; : ${missing:?is not there}")).toMatchObject({
      stderr: "<run 3>: line 1: missing: is not there\n",
    });
    expect(await run("exec echo replaced")).toMatchObject({ stdout: "replaced\n", exitCode: 0 });
    const syntax = await run("echo $a$b$c\nfi");
    expect(syntax).toMatchObject({ stdout: "123\n", exitCode: 2 });
    expect(syntax.error).toMatchObject({ name: "SyntaxError", line: 2 });
    expect(await run("kill -9 $BASHPID")).toMatchObject({ exitCode: 137 });
    expect(await run("set -e; false; echo no")).toMatchObject({ stdout: "", exitCode: 1 });
    expect(await run("\n\nnot-a-command || echo $a$b$c")).toMatchObject({
      stdout: "123\n",
      stderr: "<run 8>: line 3: not-a-command: command not found\n",
    });
  });

  test.each([
    ["a loop", "x=kept; echo go; while true; do :; done"],
    ["a command", "x=kept; echo go; sleep 1000; echo no"],
  ])("is interrupted in %s and keeps its state", async (_name, code) => {
    open();
    await run("y=before");
    const result = await run(code, "go");
    expect(result).toMatchObject({ stdout: "go\n", exitCode: 130 });
    expect(result.error?.name).toBe("KeyboardInterrupt");
    expect(await run("echo $x $y")).toMatchObject({ stdout: "kept before\n" });
  });

  test("is interrupted while a command is being started, at the latest by the second interrupt", async () => {
    open();
    for (let index = 0; index < 30; index += 1) {
      expect(await run(`x=${index}; echo go${index}.; sleep 1000`, `go${index}.`)).toMatchObject({
        exitCode: 130,
        error: { name: "KeyboardInterrupt" },
      });
    }
    expect(await run("echo $x")).toMatchObject({ stdout: "29\n" });
  });

  test("keeps its state when it is interrupted again while that is kept", async () => {
    open();
    count += 1;
    const large = "for i in {1..5000}; do declare v$i=$i; done; x=kept; echo go; sleep 1000";
    const result = await kernel.inContext(large, count, async () => {
      await kernel.printed("go");
      for (let interrupts = 0; interrupts < 5; interrupts += 1) {
        kernel.interrupt();
        await sleep(100);
      }
    });
    expect(result).toMatchObject({ exitCode: 130, error: { name: "KeyboardInterrupt" } });
    expect(await run("echo $x $v5000")).toMatchObject({ stdout: "kept 5000\n" });
  });

  test("says what becomes of processes in the background, which go on", async () => {
    open();
    const started = await run("sleep 1000 & echo $! >&2; true & wait $!; exit 3");
    const [pid, note, ...rest] = started.stderr.split("\n");
    expect(note).toMatch(new RegExp(`^note: process ${pid} goes on in the background; .*\\(kill ${pid}\\)`));
    expect(rest).toEqual([""]);
    expect(started.exitCode).toBe(3);
    expect(await run(`kill -0 ${pid} && echo there; kill ${pid}; jobs`)).toMatchObject({
      stdout: "there\n",
      stderr: "",
    });
    expect((await run("sleep 1000 & disown; echo $!")).stderr).toBe("");
  });

  test("ends when the host closes its side, and leaves no file", async () => {
    open();
    await run("x=1");
    kernel.closeJobs();
    expect(await kernel.end()).toMatchObject({ exitCode: 0, stderr: "" });
  });
});
