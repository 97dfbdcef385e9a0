import { quoted } from "./shell-word.ts";
import { nameOutputs } from "./bash-devices.ts";
import { byteString } from "./bash-files.ts";
import { otherPrograms, traps } from "./bash-programs.ts";
import { newShell } from "./bash-shell.ts";
import type { JustBash, Shell, ShellResult } from "./bash-shell.ts";
import { keepingState, setArguments } from "./bash-state.ts";
import { importPart } from "./parts.ts";
import { take } from "./spawn.ts";
import { CallError, call, leave, sendData } from "./wire.ts";

interface Job {
  readonly id: number;
  readonly mode: "script" | "context";
  readonly code: string;
  readonly filename: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

const encoder = new TextEncoder();

/** Gets a shell ready, waits for a process to become, and becomes it. */
export async function beBash(): Promise<void> {
  // Deno asks for a permission whenever a variable of the real environment is read.
  Object.defineProperty(process, "env", { value: {} });
  const parts = await importPart<JustBash>("just-bash");
  // It fills the file system that it is given with its commands; what is mounted later stays as it is.
  const base = new parts.InMemoryFs();
  nameOutputs(base as Parameters<typeof nameOutputs>[0]);
  const filler = new parts.Bash({
    fs: base,
    cwd: "/",
    defenseInDepth: false,
    customCommands: otherPrograms(parts),
  });
  await filler.exec("true");
  await newShell(parts, base, { PATH: "/usr/bin:/bin" }, "/").exec("true | cat");
  const spec = take(() => false);
  const shell = newShell(parts, base, spec.env, spec.cwd);
  if (spec.kernel) await serveJobs(shell);
  else leave(await runCommand(shell, spec.argv));
}

/** A command line: a shell's code, or a program with exactly these arguments. */
async function runCommand(shell: Shell, argv: readonly string[]): Promise<number> {
  const [program = "", flag, code] = argv;
  const isShell = /^(\/bin\/|\/usr\/bin\/)?(ba|da)?sh$/.test(program);
  if (!isShell) {
    const name = program.replace(/^\/(usr\/)?bin\//, "");
    if (!program.includes("/") || name !== program) {
      if (!shell.commands.has(name)) call({ op: "no-program" });
    } else if (!exists(program.startsWith("/") ? program : `${shell.state.cwd}/${program}`)) {
      call({ op: "no-program" });
    }
  }
  call({ op: "started" });
  if (isShell && flag === "-c" && argv.length === 3) return runCode(shell, code ?? "", []);
  return runCode(shell, argv.map(quoted).join(" "), []);
}

function exists(path: string): boolean {
  try {
    call({ op: "stat", path });
    return true;
  } catch (error) {
    if (error instanceof CallError) return false;
    throw error;
  }
}

/** Runs code to its end; what it prints is sent as it comes, what the shell itself says comes at the end. */
async function runCode(shell: Shell, code: string, argv: readonly string[]): Promise<number> {
  setArguments(shell, argv);
  const stdin = byteString(readAll());
  const run = (): Promise<ShellResult> => shell.exec(code, { rawScript: true, stdin, stdinKind: "bytes" });
  const result = await keepingState(shell, run);
  if (result.stdout) sendData(1, encoder.encode(result.stdout));
  if (result.stderr) sendData(2, encoder.encode(result.stderr));
  return runExitTrap(shell, result);
}

/** Runs what the script wanted done at its end, which sees its variables and functions; returns the exit code. */
async function runExitTrap(shell: Shell, { exitCode, env }: ShellResult): Promise<number> {
  const handler = traps.takeExit();
  if (!handler) return exitCode;
  if (env?.["PWD"]) shell.state.cwd = env["PWD"];
  const result = await shell.exec(`${handler}\nexit ${exitCode}`, { rawScript: true });
  if (result.stdout) sendData(1, encoder.encode(result.stdout));
  if (result.stderr) sendData(2, encoder.encode(result.stderr));
  return result.exitCode;
}

function readAll(): Uint8Array {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { data } = call({ op: "input", stream: 0, most: 1_048_576 });
    if (data.length === 0) break;
    pieces.push(data);
    bytes += data.length;
  }
  const all = new Uint8Array(bytes);
  let position = 0;
  for (const piece of pieces) {
    all.set(piece, position);
    position += piece.length;
  }
  return all;
}

async function serveJobs(shell: Shell): Promise<never> {
  let job = readJob();
  if (job?.mode === "script") {
    Object.entries(job.env).forEach(([name, value]) => shell.state.env.set(name, value));
    const exports = Object.keys(job.env)
      .map((name) => `export ${name}; `)
      .join("");
    shell.state.env.set("0", job.filename);
    const result = await keepingState(shell, () =>
      runChecked(shell, `${exports}${job!.code}`, job!.argv, job!.filename),
    );
    leave(await runExitTrap(shell, result));
  }
  for (; job; job = readJob()) {
    const { exitCode } = await keepingState(shell, () => runChecked(shell, job!.code, [], job!.filename));
    send({ type: "done", id: job.id, exitCode });
  }
  return leave(0);
}

/** As `runCode`; a syntax error is reported too. */
async function runChecked(
  shell: Shell,
  code: string,
  argv: readonly string[],
  filename: string,
): Promise<ShellResult> {
  setArguments(shell, argv);
  const stdin = byteString(readAll());
  const result = await shell.exec(code, { rawScript: true, stdin, stdinKind: "bytes" });
  if (result.stdout) sendData(1, encoder.encode(result.stdout));
  const syntax = /^bash: syntax error: (?:Parse error at (\d+):\d+: )?(.*)/.exec(result.stderr);
  if (syntax) {
    const line = Number(syntax[1] ?? 1);
    const message = syntax[2]!;
    const traceback = `${filename}: line ${line}: ${message}`;
    sendData(2, encoder.encode(`${traceback}\n`));
    send({ type: "error", name: "SyntaxError", message, traceback, line });
  } else if (result.stderr) sendData(2, encoder.encode(result.stderr));
  if (result.env?.["PWD"]) shell.state.cwd = result.env["PWD"];
  // just-bash ends with 1 then.
  return result.stderr.endsWith(": unbound variable\n") && result.exitCode === 1
    ? { ...result, exitCode: 127 }
    : result;
}

let pending = "";

function readJob(): Job | undefined {
  const stream = new TextDecoder();
  for (;;) {
    const end = pending.indexOf("\n");
    if (end >= 0) {
      const line = pending.slice(0, end);
      pending = pending.slice(end + 1);
      return JSON.parse(line) as Job;
    }
    const { data } = call({ op: "input", stream: 3, most: 65_536 });
    if (data.length === 0) return undefined;
    pending += stream.decode(data, { stream: true });
  }
}

function send(message: object): void {
  sendData(3, encoder.encode(`${JSON.stringify(message)}\n`));
}
