import { languageOfKernel } from "../../agent/kernel-language.ts";

/** What a child must be to run a program. */
export type Role = "python" | "javascript" | "bash" | "ruby" | "compiler" | "program";

/** What a command line starts: a role, and the language when it is a kernel. */
export interface Program {
  readonly role: Role;
  readonly kernel: string | null;
}

const interpreters: readonly (readonly [RegExp, Role])[] = [
  [/^python(3(\.\d+)?)?$/, "python"],
  [/^(node|nodejs|deno)$/, "javascript"],
  [/^ruby(\d(\.\d+)?)?$/, "ruby"],
  [/^(g\+\+|c\+\+|clang\+\+|gcc|cc|clang)(-\d+)?$/, "compiler"],
];

/** The languages that have an embedded form, with what runs them. */
export const roles: Readonly<Record<string, Role>> = {
  python: "python",
  javascript: "javascript",
  typescript: "javascript",
  bash: "bash",
  ruby: "ruby",
  cpp: "compiler",
};

/**
 * What runs a command line: an interpreter of its own, a program that was compiled here, or Bash, which has the other
 * commands. `isCompiled` looks at a file by the path that the command line has.
 */
export function programOf(argv: readonly string[], isCompiled: (path: string) => boolean): Program {
  const kernel = languageOfKernel(argv) ?? null;
  const role = kernel === null ? undefined : roles[kernel];
  if (role) return { role, kernel };
  const name = (argv[0] ?? "").replace(/^\/(usr\/(local\/)?)?bin\//, "");
  if (argv[0]?.includes("/") && isCompiled(argv[0])) return { role: "program", kernel: null };
  return { role: interpreters.find(([pattern]) => pattern.test(name))?.[1] ?? "bash", kernel: null };
}
