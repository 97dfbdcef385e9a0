interface Redirection {
  readonly operator: string;
  readonly target?: { readonly parts?: readonly { type?: string; value?: string }[] };
}

interface Command {
  readonly type: string;
  readonly name?: { readonly parts: readonly { readonly type: string; readonly value?: string }[] } | null;
  redirections?: Redirection[];
  readonly body?: readonly Statement[];
  readonly condition?: readonly Statement[] | object | null;
  readonly elseBody?: readonly Statement[] | null;
  readonly clauses?: readonly {
    readonly condition: readonly Statement[];
    readonly body: readonly Statement[];
  }[];
  readonly items?: readonly { readonly body: readonly Statement[] }[];
}

interface Statement {
  readonly pipelines: readonly { readonly commands: readonly Command[] }[];
}

const inputs = new Set(["<", "<<", "<<-", "<<<", "<>"]);
const compound = new Set(["If", "For", "CStyleFor", "While", "Until", "Case", "Subshell", "Group"]);

/**
 * Sends what a script prints to files as it is printed: just-bash otherwise hands it over when the script has ended.
 * Each command whose output would go to the script's own gets a redirection before its own ones. `prepare` sees each
 * script first and tells whether it is the process's own: what commands run themselves they also print themselves.
 */
export function outputPlugin(stdout: string, stderr: string, prepare: (script: object) => boolean): object {
  const to = (fd: number, path: string): Redirection =>
    ({
      type: "Redirection",
      fd,
      operator: ">>",
      target: { type: "Word", parts: [{ type: "Literal", value: path }] },
    }) as unknown as Redirection;

  const places: Readonly<Record<string, string>> = { "/dev/stdout": stdout, "/dev/stderr": stderr };
  const redirect = (command: Command, streams: readonly Redirection[]): void => {
    for (const { target } of command.redirections ?? []) {
      const [part, second] = target?.parts ?? [];
      if (part?.value !== undefined && !second) part.value = places[part.value] ?? part.value;
    }
    command.redirections = [...streams, ...(command.redirections ?? [])];
  };
  const visit = (command: Command, isLast: boolean): void => {
    const streams = isLast ? [to(1, stdout), to(2, stderr)] : [to(2, stderr)];
    if (command.type === "SimpleCommand") {
      const first = command.name?.parts[0];
      if (command.name && first?.value !== "exec") redirect(command, streams);
      return;
    }
    if (!compound.has(command.type)) return;
    if (!isLast || command.redirections?.some(({ operator }) => !inputs.has(operator))) {
      return redirect(command, streams);
    }
    for (const list of [command.body, command.condition, command.elseBody]) {
      if (Array.isArray(list)) visitAll(list as Statement[]);
    }
    for (const { condition, body } of command.clauses ?? []) {
      visitAll(condition);
      visitAll(body);
    }
    for (const { body } of command.items ?? []) visitAll(body);
  };
  const visitAll = (statements: readonly Statement[]): void => {
    for (const { pipelines } of statements) {
      for (const { commands } of pipelines) {
        commands.forEach((command, index) => visit(command, index === commands.length - 1));
      }
    }
  };
  return {
    name: "output",
    transform: ({ ast }: { readonly ast: { readonly statements: readonly Statement[] } }) => {
      if (prepare(ast)) visitAll(ast.statements);
      return { ast };
    },
  };
}
