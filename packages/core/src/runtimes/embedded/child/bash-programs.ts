import { moreCommands } from "./bash-commands.ts";
import { byteString, compiledProgram } from "./bash-files.ts";
import { Jobs } from "./bash-jobs.ts";
import { menuOf } from "./bash-repairs.ts";
import type { CommandContext, JustBash, ShellResult } from "./bash-shell.ts";
import { toolCommands } from "./bash-tools.ts";
import { Traps } from "./bash-traps.ts";
import { call } from "./wire.ts";

/** Of this process: it has one shell. */
export const traps: Traps = new Traps();
const decoder = new TextDecoder();
const interpreters = [
  "python3",
  "python",
  "node",
  "deno",
  "ruby",
  "g++",
  "c++",
  "clang++",
  "gcc",
  "cc",
  "clang",
];

/** Commands that just-bash does not have, among them other processes of the session. */
export function otherPrograms({ defineCommand }: JustBash): object[] {
  return [
    ...interpreters.map((name) =>
      defineCommand(name, async (argv, context) => runOther([name, ...argv], context)),
    ),
    defineCommand(compiledProgram, async (argv, context) => runOther(argv, context)),
    defineCommand("yes", async (argv) => said(yes(argv))),
    defineCommand("kill", kill),
    defineCommand("__sandbox_list", async (argv) => said("", menuOf(argv))),
    ...Object.entries({ ...traps.commands, ...new Jobs().commands }).map(([name, run]) =>
      defineCommand(name, run),
    ),
    defineCommand("trap", async (argv) => traps.command(argv) as ShellResult),
    ...Object.entries(moreCommands).map(([name, run]) => defineCommand(name, async (argv) => run(argv))),
    ...toolCommands.map(([name, run]) =>
      defineCommand(name, async (argv, context) => run(argv, context as never)),
    ),
  ];
}

const said = (stdout: string, stderr = "", exitCode = 0): ShellResult => ({ stdout, stderr, exitCode });

/** As much as anything reads: the commands of a pipe run one after the other. */
function yes(argv: readonly string[]): string {
  const line = `${argv.length > 0 ? argv.join(" ") : "y"}\n`;
  return line.repeat(Math.ceil(1_048_576 / line.length));
}

/** Only the shell itself can be signalled. */
async function kill(argv: readonly string[], { assignShellVariable }: CommandContext): Promise<ShellResult> {
  const [first = "", ...rest] = argv;
  const name = first === "-s" ? (rest.shift() ?? "") : first.startsWith("-") ? first.slice(1) : "TERM";
  const targets = first.startsWith("-") ? rest : argv;
  const isShell = targets.some((target) => target === "1" || target === "0" || target === "-1");
  await assignShellVariable?.("__sandbox_signal", "");
  // Signal 0 only asks whether it is there.
  if (isShell && name === "0") return said("");
  if (isShell) {
    const handler = traps.handlerOf(name);
    if (handler === undefined) {
      call({ op: "die", signal: /^\d+$/.test(name) ? Number(name) : `SIG${name.replace(/^SIG/, "")}` });
    }
    await assignShellVariable?.("__sandbox_signal", handler ?? "");
    return said("");
  }
  return said("", `bash: kill: (${targets.join(" ")}) - No such process\n`, 1);
}

/** A program that is no shell command is another process of the session. */
function runOther(argv: readonly string[], { cwd, stdin, exportedEnv }: CommandContext): ShellResult {
  const input = Uint8Array.from(stdin, (unit) => unit.charCodeAt(0) & 0xff);
  const { value, data } = call({ op: "run", argv, cwd, env: exportedEnv ?? {} }, input);
  const split = Number(value["stdoutBytes"]);
  return {
    stdout: byteString(data.subarray(0, split)),
    stderr: decoder.decode(data.subarray(split)),
    exitCode: Number(value["exitCode"]),
    stdoutEncoding: "binary",
    stdoutKind: "bytes",
  };
}
