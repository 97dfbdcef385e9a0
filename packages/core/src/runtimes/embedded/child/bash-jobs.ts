import type { CommandContext, ShellResult } from "./bash-shell.ts";
import { commandOf, nameOf, statementsOf, visitNodes } from "./bash-syntax.ts";
import type { Parse, SyntaxNode } from "./bash-syntax.ts";

const answer = (exitCode: number, stderr = ""): ShellResult => ({ stdout: "", stderr, exitCode });
const lastJob = "__sandbox_job_id";
const renamed: Readonly<Record<string, string>> = { wait: "__sandbox_wait", jobs: "__sandbox_jobs" };

/**
 * A command in the background runs at once, as a subshell with nothing to read, and how it ended is kept for `wait`:
 * just-bash would run it in the script's own shell and forget that.
 */
export function keepJobs(script: SyntaxNode, parse: Parse): void {
  visitNodes(script, (node) => {
    if (node.type === "Statement" && node["background"] === true) {
      const [statement] = statementsOf(parse, "( : ) < /dev/null && __sandbox_job 0 || __sandbox_job $?");
      const subshell = commandOf(statement!);
      // Of the subshell, they hold also for what a command leaves when it fails under `set -e`.
      (subshell["redirections"] as unknown[]).push(...redirectionsOf(node));
      subshell["body"] = [{ ...node, background: false }];
      Object.assign(node, statement);
    } else if (node.type === "ParameterExpansion" && node["parameter"] === "!") node["parameter"] = lastJob;
    const name = nameOf(node);
    const other = name === undefined ? undefined : renamed[name];
    if (other) (node["name"] as { parts: { value: string }[] }).parts[0]!.value = other;
  });
}

/** Takes the redirections of a statement that is one command. */
function redirectionsOf(statement: SyntaxNode): readonly unknown[] {
  const pipelines = statement["pipelines"] as SyntaxNode[];
  const commands = pipelines[0]!["commands"] as SyntaxNode[];
  const { redirections } = commands[0]!;
  if (pipelines.length > 1 || commands.length > 1 || !Array.isArray(redirections)) return [];
  return redirections.splice(0) as unknown[];
}

/** What became of the commands in the background, by the numbers that `$!` gave them. */
export class Jobs {
  readonly #ended = new Map<number, number>();
  #last = 1_000;

  /** Commands of the shell by their names. */
  readonly commands: Readonly<
    Record<string, (argv: string[], context: CommandContext) => Promise<ShellResult>>
  > = {
    __sandbox_job: async ([status = "0"], { assignShellVariable }) => {
      this.#last += 1;
      this.#ended.set(this.#last, Number(status));
      await assignShellVariable?.(lastJob, String(this.#last));
      return answer(0);
    },
    [renamed["wait"]!]: async (argv) => this.#wait(argv),
    // Each has ended by the time that the next command runs.
    [renamed["jobs"]!]: async () => answer(0),
  };

  #wait(argv: readonly string[]): ShellResult {
    const wanted = argv.filter((word) => !word.startsWith("-"));
    if (argv.includes("-n") && wanted.length === 0) {
      const [first] = this.#ended;
      if (!first) return answer(127);
      this.#ended.delete(first[0]);
      return answer(first[1]);
    }
    let last = answer(0);
    for (const word of wanted) {
      const id = word.startsWith("%") ? 1_000 + Number(word.slice(1)) : Number(word);
      const status = this.#ended.get(id);
      this.#ended.delete(id);
      last =
        status === undefined
          ? answer(127, `bash: wait: pid ${word} is not a child of this shell\n`)
          : answer(status);
    }
    if (wanted.length === 0) this.#ended.clear();
    return last;
  }
}
