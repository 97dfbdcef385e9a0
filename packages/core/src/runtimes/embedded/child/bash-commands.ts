import { refusal } from "./bash-traps.ts";

interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

interface Command {
  execute(argv: string[], context: object): Promise<CommandResult>;
}

/** `-n1` as `-n 1`, which just-bash reads alone. */
function apart(argv: readonly string[]): string[] {
  const command = argv.findIndex(
    (word, at) => !word.startsWith("-") && !/^-[nILPds]$/.test(argv[at - 1] ?? ""),
  );
  const options = command < 0 ? argv : argv.slice(0, command);
  const split = options.flatMap((word) => {
    const [, option, value] = /^(-[nILPds])(.+)$/s.exec(word) ?? [];
    return option === undefined || value === undefined ? [word] : [option, value];
  });
  return [...split, ...argv.slice(options.length)];
}

const quotedCsv = `(map(if type == "string" then "\\"" + gsub("\\""; "\\"\\"") + "\\"" elif . == null then "" else tostring end) | join(","))`;

/** Strings of `@csv` stand in quotes. */
function quotingCsv(argv: readonly string[]): string[] {
  return argv.map((word) => word.replaceAll(/(^|[|(,\s])@csv(?=$|[|),\s])/g, `$1${quotedCsv}`));
}

type Run = (argv: string[], context: object) => Promise<CommandResult>;

/** An empty name would be the folder that `rm` works in. */
async function removing(remove: Run, argv: string[], context: object): Promise<CommandResult> {
  if (!argv.includes("")) return remove(argv, context);
  if (!argv.some((word) => /^-[a-z]*f/.test(word))) {
    return said("", "rm: cannot remove '': No such file or directory\n", 1);
  }
  const rest = argv.filter((word) => word !== "");
  return rest.some((word) => !word.startsWith("-")) ? remove(rest, context) : said("");
}

/** Programs see what is exported, not every variable of the shell. */
function exportedAlone(context: object): object {
  const { exportedEnv = {} } = context as { readonly exportedEnv?: Readonly<Record<string, string>> };
  return { ...context, env: new Map(Object.entries(exportedEnv)) };
}

/** What `env` sets is exported to the command that it runs; just-bash sets it alone. */
function exporting(argv: readonly string[], context: object): object {
  const { exec } = context as { readonly exec?: (code: string, options: object) => Promise<CommandResult> };
  const command = argv.findIndex(
    (word, at) => !word.startsWith("-") && !word.includes("=") && argv[at - 1] !== "-u",
  );
  const words = argv.slice(0, Math.max(0, command)).filter((word) => /^[A-Za-z_]\w*=/.test(word));
  if (!exec || words.length === 0) return context;
  const assignments = words.map((word) => {
    const end = word.indexOf("=") + 1;
    return `${word.slice(0, end)}${quoted(word.slice(end))} `;
  });
  return {
    ...context,
    exec: (code: string, options: object) => exec(`${assignments.join("")}${code}`, options),
  };
}

/** The text as one word of a shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const emptying = /^(?:-i?|--ignore-environment)$/;

const adapted: Readonly<
  Record<string, (run: Run, argv: string[], context: object) => Promise<CommandResult>>
> = {
  xargs: (run, argv, context) => run(apart(argv), context),
  jq: (run, argv, context) => run(quotingCsv(argv), context),
  ls: async (run, argv, context) => withoutGaps(await run(argv, context)),
  rm: removing,
  env: async (run, argv, context) =>
    emptying.test(argv[0] ?? "") ? refusal("env -i") : run(argv, exporting(argv, exportedAlone(context))),
  printenv: (run, argv, context) => run(argv, exportedAlone(context)),
};

/** Lets some of just-bash's commands take what they misread, and refuse what they would do wrong. */
export function adaptCommands(commands: Map<string, unknown>): void {
  for (const [name, adapt] of Object.entries(adapted)) {
    const known = commands.get(name) as Command | undefined;
    if (!known) continue;
    const run = known.execute.bind(known);
    commands.set(name, { ...known, execute: (argv: string[], context: object) => adapt(run, argv, context) });
  }
}

/** Blank lines stand between folders, whose lists begin with their names, and not between files. */
function withoutGaps(result: CommandResult): CommandResult {
  if (/:$/m.test(result.stdout)) return result;
  return { ...result, stdout: result.stdout.replaceAll(/\n{2,}/g, "\n") };
}

const said = (stdout: string, stderr = "", exitCode = 0): CommandResult => ({ stdout, stderr, exitCode });

interface CommandContext {
  readonly cwd: string;
  readonly fs: {
    realpath(path: string): Promise<string>;
    resolvePath(base: string, path: string): string;
    exists(path: string): Promise<boolean>;
    mkdir(path: string): Promise<void>;
    writeFile(path: string, content: string): Promise<void>;
  };
}

async function realpath(argv: readonly string[], { cwd, fs }: CommandContext): Promise<CommandResult> {
  let stdout = "";
  let stderr = "";
  for (const name of argv.filter((word) => !word.startsWith("-"))) {
    const path = fs.resolvePath(cwd, name);
    try {
      stdout += `${await fs.realpath(path)}\n`;
    } catch {
      const folder = path.slice(0, path.lastIndexOf("/")) || "/";
      // The last part need not be there.
      if (await fs.exists(folder)) stdout += `${path}\n`;
      else stderr += `realpath: ${name}: No such file or directory\n`;
    }
  }
  return said(stdout, stderr, stderr ? 1 : 0);
}

/** `mktemp [-d] [-t] [-p FOLDER] [TEMPLATE]`. */
async function mktemp(argv: readonly string[], { cwd, fs }: CommandContext): Promise<CommandResult> {
  const words = argv.filter((word, at) => !word.startsWith("-") && argv[at - 1] !== "-p");
  const folder = argv.includes("-p")
    ? argv[argv.indexOf("-p") + 1]!
    : argv.includes("-t")
      ? "/tmp"
      : undefined;
  const template = words[0] ?? "tmp.XXXXXXXXXX";
  if (!/X{3,}/.test(template)) return said("", `mktemp: too few X's in template '${template}'\n`, 1);
  const random = crypto.randomUUID().replaceAll("-", "");
  const name = template.replace(/X{3,}(?!.*XXX)/, (marks) =>
    random.slice(0, marks.length).padEnd(marks.length, "0"),
  );
  const base = folder ?? (words.length > 0 ? cwd : "/tmp");
  const path = fs.resolvePath(base, name);
  if (argv.some((word) => /^-[a-z]*d/.test(word))) await fs.mkdir(path);
  else await fs.writeFile(path, "");
  return said(`${words.length > 0 && !folder ? name : path}\n`);
}

const offline = (name: string, exitCode: number) => (): CommandResult =>
  said("", `${name}: this sandbox has no network. Use data that is already in the files.\n`, exitCode);

function uname(argv: readonly string[]): CommandResult {
  const all = argv.includes("-a");
  return said(
    all
      ? "Linux sandbox 0 sandbox\n"
      : argv.includes("-m")
        ? "wasm32\n"
        : argv.includes("-n")
          ? "sandbox\n"
          : "Linux\n",
  );
}

function id(argv: readonly string[]): CommandResult {
  if (argv.includes("-un") || (argv.includes("-u") && argv.includes("-n"))) return said("sandbox\n");
  if (argv.some((word) => /^-[ug]$/.test(word))) return said("1000\n");
  return said("uid=1000(sandbox) gid=1000(sandbox) groups=1000(sandbox)\n");
}

/** Commands that just-bash lacks, or has only to say that they are not there. */
export const moreCommands: Readonly<
  Record<string, (argv: string[], context: CommandContext) => CommandResult | Promise<CommandResult>>
> = {
  curl: offline("curl", 6),
  wget: offline("wget", 4),
  ping: offline("ping", 2),
  mktemp,
  realpath,
  uname,
  id,
  whoami: () => said("sandbox\n"),
  tar: () => refusal("tar (python3 -m tarfile and gzip are)"),
};
