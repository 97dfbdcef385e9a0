import { hoistSubstitutions } from "./bash-arithmetic.ts";
import type { SyntaxNode } from "./bash-arithmetic.ts";
import { adaptCommands, moreCommands, quoted } from "./bash-commands.ts";
import { guardAlternatives } from "./bash-errexit.ts";
import { ShellFiles, ShellOutputs } from "./bash-files.ts";
import { outputPlugin } from "./bash-output.ts";
import { Traps, markTraps, refusal } from "./bash-traps.ts";
import { importPart } from "./parts.ts";
import { take } from "./spawn.ts";
import type { ProcessSpec } from "./spawn.ts";
import { CallError, call, leave, sendData } from "./wire.ts";

interface ShellResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly stdoutEncoding?: string;
  readonly stdoutKind?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface CommandContext {
  readonly cwd: string;
  readonly stdin: string;
  readonly exportedEnv?: Readonly<Record<string, string>>;
}

interface Shell {
  exec(code: string, options?: object): Promise<ShellResult>;
  readonly commands: Map<string, unknown>;
  registerTransformPlugin(plugin: object): void;
  transform(code: string): { readonly ast: SyntaxNode };
  execInScope(
    code: string,
    options: object | undefined,
    scope: object,
    depth: number,
    ...rest: unknown[]
  ): Promise<ShellResult>;
  readonly state: ShellState;
}

interface ShellState {
  env: Map<string, string>;
  arrays: Map<string, unknown>;
  functions: Map<string, unknown>;
  cwd: string;
  lastExitCode: number;
}

interface JustBash {
  readonly Bash: new (options: object) => Shell;
  readonly InMemoryFs: new () => object;
  readonly MountableFs: new (options: object) => object;
  readonly defineCommand: (
    name: string,
    run: (argv: string[], context: CommandContext) => Promise<ShellResult>,
  ) => object;
}

interface Job {
  readonly id: number;
  readonly mode: "script" | "context";
  readonly code: string;
  readonly filename: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

type AnyFunction = (...given: unknown[]) => unknown;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const outputs = "/dev/process";
/** Time and memory are bounded from outside; these only keep just-bash from stopping honest programs. */
const boundless = 1_000_000_000;
const limits = {
  maxCommandCount: boundless,
  maxLoopIterations: boundless,
  maxAwkIterations: boundless,
  maxSedIterations: boundless,
  maxJqIterations: boundless,
  maxWorkUnits: boundless,
  maxAwkParserOperations: boundless,
  maxCallDepth: 1_000,
};
const traps = new Traps();
const interpreters = ["python3", "python", "node", "deno"];

/** Gets a shell ready, waits for a process to become, and becomes it. */
export async function beBash(): Promise<void> {
  // Deno asks for a permission whenever a variable of the real environment is read.
  Object.defineProperty(process, "env", { value: {} });
  const parts = await importPart<JustBash>("just-bash");
  // It fills the file system that it is given with its commands; what is mounted later stays as it is.
  const base = new parts.InMemoryFs();
  nameOutputs(base as Record<string, AnyFunction>);
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

/** Devices without an end give as much as anything reads here. */
const endlessBytes = 1_048_576;

/** Commands may write to the names of the standard streams too, and read from devices. */
function nameOutputs(base: Record<string, AnyFunction>): void {
  const outputs = new ShellOutputs();
  for (const method of ["writeFile", "appendFile"] as const) {
    const plain = base[method]!.bind(base);
    base[method] = async (path, content, options) => {
      if (path !== "/dev/stdout" && path !== "/dev/stderr") return plain(path, content, options);
      const name = path.slice("/dev".length);
      return outputs.writeFile(name, content as string, options as string);
    };
  }
  const endless = (path: unknown): Uint8Array | undefined => {
    if (path === "/dev/zero") return new Uint8Array(endlessBytes);
    if (path !== "/dev/urandom" && path !== "/dev/random") return undefined;
    const bytes = new Uint8Array(endlessBytes);
    for (let at = 0; at < endlessBytes; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
    return bytes;
  };
  for (const method of ["readFileBuffer", "readFileBytes", "readFile"] as const) {
    const plain = base[method]?.bind(base);
    if (!plain) continue;
    base[method] = async (path, options) => {
      const bytes = endless(path);
      if (!bytes) return plain(path, options);
      return method === "readFileBuffer" ? bytes : byteString(bytes);
    };
  }
}

function newShell(parts: JustBash, base: object, env: ProcessSpec["env"], cwd: string): Shell {
  const { Bash, MountableFs } = parts;
  const fs = new MountableFs({
    base,
    mounts: [
      { mountPoint: "/workspace", filesystem: new ShellFiles("/workspace") },
      { mountPoint: "/tmp", filesystem: new ShellFiles("/tmp") },
      { mountPoint: outputs, filesystem: new ShellOutputs() },
    ],
  });
  const customCommands = otherPrograms(parts);
  const shell = new Bash({ fs, env, cwd, executionLimits: limits, defenseInDepth: false, customCommands });
  const prepare = prepareScripts(shell, new Bash({ fs: base, cwd: "/", defenseInDepth: false }));
  shell.registerTransformPlugin(outputPlugin(`${outputs}/stdout`, `${outputs}/stderr`, prepare));
  adaptCommands(shell.commands);
  return shell;
}

/** Tells the scripts of the process from those that its commands run, and prepares each. */
function prepareScripts(shell: Shell, plain: Shell): (script: object) => boolean {
  const execute = shell.execInScope.bind(shell);
  let isOwn = false;
  shell.execInScope = (code, options, scope, depth, ...rest) => {
    // What only arithmetic does, and it knows neither functions nor variables then.
    if (depth > 0 && Object.keys(options ?? {}).every((name) => name === "signal")) {
      throw new RangeError(
        `$(${code.trim().slice(0, 100)}) inside arithmetic is not supported here: write it to a variable first.`,
      );
    }
    isOwn = depth === 0;
    return execute(code, options, scope, depth, ...rest);
  };
  return (script) => {
    const parse = (code: string): SyntaxNode => plain.transform(code).ast;
    hoistSubstitutions(script as SyntaxNode, parse);
    guardAlternatives(script as SyntaxNode, parse);
    markTraps(script as SyntaxNode);
    const own = isOwn;
    isOwn = false;
    return own;
  };
}

function otherPrograms({ defineCommand }: JustBash): object[] {
  return [
    ...interpreters.map((name) =>
      defineCommand(name, async (argv, context) => runOther([name, ...argv], context)),
    ),
    defineCommand("yes", async (argv) => said(yes(argv))),
    defineCommand("kill", async (argv) => kill(argv)),
    defineCommand("trap", async (argv) => traps.command(argv) as ShellResult),
    ...Object.entries(moreCommands).map(([name, run]) =>
      defineCommand(name, async (argv, context) => run(argv, context as never) as Promise<ShellResult>),
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
function kill(argv: readonly string[]): ShellResult {
  const [first = "", ...rest] = argv;
  const name = first === "-s" ? rest.shift() : first.startsWith("-") ? first.slice(1) : "TERM";
  const targets = first.startsWith("-") ? rest : argv;
  // Signal 0 only asks whether it is there.
  if (name === "0") return said("");
  if (targets.some((target) => target === "1" || target === "0" || target === "-1")) {
    if (name !== undefined && traps.has(name)) return refusal("a trap of a signal");
    call({
      op: "die",
      signal: /^\d+$/.test(name ?? "") ? Number(name) : `SIG${(name ?? "TERM").replace(/^SIG/, "")}`,
    });
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

function byteString(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
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

/** `$1`, `$2`, … as just-bash keeps them. */
function setArguments({ state }: Shell, argv: readonly string[]): void {
  if (argv.length === 0) return;
  argv.forEach((argument, index) => state.env.set(String(index + 1), argument));
  state.env.set("#", String(argv.length));
  state.env.set("@", argv.join(" "));
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
  return result;
}

/** just-bash runs every script on copies of its state: these are caught as they are made, and kept. */
async function keepingState(shell: Shell, work: () => Promise<ShellResult>): Promise<ShellResult> {
  const { state } = shell;
  const RealMap = globalThis.Map;
  const copies: {
    env?: Map<string, string>;
    arrays?: Map<string, unknown>;
    functions?: Map<string, unknown>;
  } = {};
  class CatchingMap<Key, Value> extends RealMap<Key, Value> {
    constructor(entries?: Iterable<readonly [Key, Value]> | null) {
      super(entries);
      const caught = this as Map<unknown, unknown>;
      if ((entries as unknown) === state.env) copies.env = caught as Map<string, string>;
      else if ((entries as unknown) === state.functions) copies.functions = caught as Map<string, unknown>;
      else if (copies.env && !copies.functions && Array.isArray(entries))
        copies.arrays ??= caught as Map<string, unknown>;
    }
  }
  globalThis.Map = CatchingMap as unknown as MapConstructor;
  const running = work();
  globalThis.Map = RealMap;
  const result = await running;
  if (copies.env) state.env = new RealMap(copies.env);
  if (copies.arrays) state.arrays = new RealMap(copies.arrays);
  if (copies.functions) state.functions = new RealMap(copies.functions);
  state.lastExitCode = result.exitCode;
  return result;
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
