import { languageOfKernel } from "../../agent/kernel-language.ts";

/** What a child must be to run a program. */
export type Role = "python" | "javascript" | "bash" | "ruby";

/** What a command line starts: a role, and the language when it is a kernel. */
export interface Program {
  readonly role: Role;
  readonly kernel: string | null;
}

const interpreters: readonly (readonly [RegExp, Role])[] = [
  [/^python(3(\.\d+)?)?$/, "python"],
  [/^(node|nodejs|deno)$/, "javascript"],
  [/^ruby(\d(\.\d+)?)?$/, "ruby"],
];

/** The languages that have an embedded form, with what runs them. */
export const roles: Readonly<Record<string, Role>> = {
  python: "python",
  javascript: "javascript",
  typescript: "javascript",
  bash: "bash",
  ruby: "ruby",
};

/** What runs a command line: an interpreter of its own, or Bash, which has the other commands. */
export function programOf(argv: readonly string[]): Program {
  const kernel = languageOfKernel(argv) ?? null;
  const role = kernel === null ? undefined : roles[kernel];
  if (role) return { role, kernel };
  const name = (argv[0] ?? "").replace(/^\/(usr\/(local\/)?)?bin\//, "");
  return { role: interpreters.find(([pattern]) => pattern.test(name))?.[1] ?? "bash", kernel: null };
}
