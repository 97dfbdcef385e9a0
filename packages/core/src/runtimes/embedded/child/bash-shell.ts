import { hoistSubstitutions } from "./bash-arithmetic.ts";
import type { Parse, SyntaxNode } from "./bash-syntax.ts";
import { adaptCommands } from "./bash-commands.ts";
import { guardAlternatives } from "./bash-errexit.ts";
import { handleSignals, watchFailures } from "./bash-failures.ts";
import { ShellFiles, ShellOutputs } from "./bash-files.ts";
import { keepJobs } from "./bash-jobs.ts";
import { outputPlugin } from "./bash-output.ts";
import { otherPrograms } from "./bash-programs.ts";
import { guardDefaults, mendBuiltins, withArithmetic, withMenus } from "./bash-repairs.ts";
import { markTraps } from "./bash-traps.ts";
import type { ProcessSpec } from "./spawn.ts";

export interface ShellResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly stdoutEncoding?: string;
  readonly stdoutKind?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface CommandContext {
  readonly cwd: string;
  readonly stdin: string;
  readonly exportedEnv?: Readonly<Record<string, string>>;
  readonly assignShellVariable?: (name: string, value: string) => Promise<void> | void;
}

export interface Shell {
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

export interface ShellState {
  env: Map<string, string>;
  arrays: Map<string, unknown>;
  functions: Map<string, unknown>;
  /** Names; shared by a script and those that its commands run. */
  readonly exportedVars?: Set<string>;
  cwd: string;
  lastExitCode: number;
}

export interface JustBash {
  readonly Bash: new (options: object) => Shell;
  readonly InMemoryFs: new () => object;
  readonly MountableFs: new (options: object) => object;
  readonly defineCommand: (
    name: string,
    run: (argv: string[], context: CommandContext) => Promise<ShellResult>,
  ) => object;
}

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

export function newShell(parts: JustBash, base: object, env: ProcessSpec["env"], cwd: string): Shell {
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

/** What a shell that a command runs exports or unsets is its own. */
async function keepingExports({ state }: Shell, running: Promise<ShellResult>): Promise<ShellResult> {
  const before = [...(state.exportedVars ?? [])];
  const result = await running;
  state.exportedVars?.clear();
  for (const name of before) state.exportedVars?.add(name);
  return result;
}

/** Tells the scripts of the process from those that its commands run, and prepares each. */
function prepareScripts(shell: Shell, plain: Shell): (script: object) => boolean {
  const execute = shell.execInScope.bind(shell);
  const parse: Parse = (code) => plain.transform(code).ast;
  let isOwn = false;
  shell.execInScope = (code, options, scope, depth, ...rest) => {
    // What only arithmetic does, and it knows neither functions nor variables then.
    if (depth > 0 && Object.keys(options ?? {}).every((name) => name === "signal")) {
      throw new RangeError(
        `$(${code.trim().slice(0, 100)}) inside arithmetic is not supported here: write it to a variable first.`,
      );
    }
    isOwn = depth === 0;
    const source = withArithmetic(withMenus(code, parse), parse);
    const running = execute(source, options, scope, depth, ...rest);
    return depth === 0 ? running : keepingExports(shell, running);
  };
  return (script) => {
    const node = script as SyntaxNode;
    guardDefaults(node);
    mendBuiltins(node, parse);
    hoistSubstitutions(node, parse);
    guardAlternatives(node, parse);
    markTraps(node);
    watchFailures(node, parse);
    handleSignals(node, parse);
    keepJobs(node, parse);
    const own = isOwn;
    isOwn = false;
    return own;
  };
}
