interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

interface Command {
  execute(argv: string[], context: object): Promise<CommandResult>;
}

const quotedCsv = `(map(if type == "string" then "\\"" + gsub("\\""; "\\"\\"") + "\\"" elif . == null then "" else tostring end) | join(","))`;

/** Strings of `@csv` stand in quotes. */
function quotingCsv(argv: readonly string[]): string[] {
  return argv.map((word) => word.replaceAll(/(^|[|(,\s])@csv(?=$|[|),\s])/g, `$1${quotedCsv}`));
}

/** `-t 202401312359.30` as `-d`, which just-bash reads alone. */
function withDates(argv: readonly string[]): string[] {
  return argv.map((word, at) => {
    if (word === "-t" && at < argv.length - 1) return "-d";
    const [, year, rest, seconds = "00"] = /^(\d{4}|\d{2})?(\d{8})(?:\.(\d\d))?$/.exec(word) ?? [];
    if (argv[at - 1] !== "-t" || rest === undefined) return word;
    const full =
      year === undefined ? String(new Date().getFullYear()) : year.length === 2 ? `20${year}` : year;
    const [month, day, hour, minute] = rest.match(/../g)!;
    return `${full}-${month}-${day}T${hour}:${minute}:${seconds}Z`;
  });
}

/** just-bash would take the letter for itself. */
const changesCase = (word: string): boolean => /^(?:[^-].*|)s(.).*\1.*\\[uUlL].*\1/s.test(word);
const withoutCase =
  "sed: \\u, \\U, \\l and \\L in a replacement are not in this sandbox: use awk with toupper and tolower, or ${name^^} of bash.\n";

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

const adapted: Readonly<
  Record<string, (run: Run, argv: string[], context: object) => Promise<CommandResult>>
> = {
  jq: (run, argv, context) => run(quotingCsv(argv), context),
  ls: async (run, argv, context) => withoutGaps(await run(argv, context)),
  rm: removing,
  sed: async (run, argv, context) => (argv.some(changesCase) ? said("", withoutCase, 1) : run(argv, context)),
  touch: (run, argv, context) => run(withDates(argv), context),
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
export const moreCommands: Readonly<Record<string, (argv: string[]) => CommandResult>> = {
  curl: offline("curl", 6),
  wget: offline("wget", 4),
  ping: offline("ping", 2),
  uname,
  id,
  whoami: () => said("sandbox\n"),
};
