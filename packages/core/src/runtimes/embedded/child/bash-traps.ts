import type { CommandContext, ShellResult } from "./bash-shell.ts";
import type { SyntaxNode } from "./bash-syntax.ts";
import { elsewhere } from "./elsewhere.ts";

/** Told to `trap` where it stands in a subshell. */
const inSubshell = "--in-subshell";
const unsupported = new Set(["DEBUG", "RETURN"]);

/**
 * What a shell does when it ends, when a command fails and when it signals itself; nothing else can signal it. The script
 * asks for the handlers where they are to run (`watchFailures`, `handleSignals`).
 */
export class Traps {
  readonly #handlers = new Map<string, string>();
  #failed = 0;

  /** The `trap` command. */
  command(given: readonly string[]): ShellResult {
    const [first, ...rest] = given;
    if (first === inSubshell) return refusal("a subshell's trap");
    if (first === undefined || first === "-p") return answer(this.#list());
    if (first === "-l") return refusal("trap -l");
    const names = (first === "--" ? rest.slice(1) : rest).map(nameOf);
    const handler = first === "--" ? (rest[0] ?? "") : first;
    const odd = names.find((name) => unsupported.has(name));
    if (odd !== undefined) return refusal(`trap … ${odd}`);
    for (const name of names.length > 0 ? names : [nameOf(handler)]) {
      if (handler === "-" || names.length === 0) this.#handlers.delete(name);
      else this.#handlers.set(name, handler);
    }
    return answer("");
  }

  /** What is to run for a signal or another event; empty to ignore it. */
  handlerOf(event: string): string | undefined {
    return this.#handlers.get(nameOf(event));
  }

  /** Commands that `watchFailures` puts into scripts: the first tells the handler, the second how the failed one ended. */
  get commands(): Readonly<
    Record<string, (argv: string[], context: CommandContext) => Promise<ShellResult>>
  > {
    return {
      __sandbox_failed: async ([status = "1", line = "0", command = ""], { assignShellVariable }) => {
        this.#failed = Number(status);
        const handler = this.handlerOf("ERR") ?? "";
        await assignShellVariable?.("BASH_COMMAND", command);
        await assignShellVariable?.(
          "__sandbox_on_error",
          handler.replaceAll(/\$(?:LINENO\b|\{LINENO\})/g, line),
        );
        return { stdout: "", stderr: "", exitCode: this.#failed };
      },
      __sandbox_status: async () => ({ stdout: "", stderr: "", exitCode: this.#failed }),
    };
  }

  /** What is to run at the end, once. */
  takeExit(): string | undefined {
    const handler = this.#handlers.get("EXIT");
    this.#handlers.delete("EXIT");
    return handler;
  }

  #list(): string {
    return [...this.#handlers]
      .map(([name, handler]) => `trap -- '${handler.replaceAll("'", `'\\''`)}' ${name}\n`)
      .join("");
  }
}

function nameOf(signal: string): string {
  const name = signal.toUpperCase().replace(/^SIG/, "");
  return name === "0" ? "EXIT" : name;
}

const answer = (stdout: string): ShellResult => ({ stdout, stderr: "", exitCode: 0 });

export function refusal(what: string): ShellResult {
  const stderr = `bash: ${what} is not supported in this sandbox. ${elsewhere}\n`;
  return { stdout: "", stderr, exitCode: 1 };
}

/** A subshell's own trap would be the script's: it is told so. */
export function markTraps(node: SyntaxNode, inside = false): void {
  if (inside && node.type === "SimpleCommand") {
    const [part] = (node["name"] as { parts?: { value?: string }[] } | null)?.parts ?? [];
    const word = { type: "Word", parts: [{ type: "Literal", value: inSubshell }] };
    if (part?.value === "trap") node["args"] = [word];
  }
  const commands = node.type === "Pipeline" ? (node["commands"] as unknown[]).length : 0;
  const apart =
    inside || commands > 1 || /^(?:Subshell|CommandSubstitution|ProcessSubstitution)$/.test(node.type ?? "");
  for (const value of Object.values(node)) {
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof item === "object" && item !== null) markTraps(item as SyntaxNode, apart);
    }
  }
}
