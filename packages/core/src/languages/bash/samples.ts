import { lines, type Sample } from "../sample.ts";

export const samples: readonly Sample[] = [
  { name: "hello", code: "echo hello", expected: { stdout: "hello\n", value: null, error: null } },
  { name: "unicode", code: "x='é漢字😀'; echo \"${x:1} ${#x}\"", expected: { stdout: "漢字😀 4\n" } },
  {
    name: "standard input",
    code: lines("sum=0", "while read -r number; do", "  ((sum += number))", "done", 'echo "$sum"'),
    stdin: "1\n2\n39\n",
    expected: { stdout: "42\n" },
  },
  {
    name: "arguments and environment",
    code: 'printf \'<%s>\' "$@" "$GREETING" $#',
    argv: ["a b", "-c"],
    env: { GREETING: "$HOME" },
    expected: { stdout: "<a b><-c><$HOME><2>" },
  },
  {
    name: "pipes and files",
    code: lines("mkdir folder && cd folder", "printf '3\\n1\\n2\\n' | sort >sorted", "cat sorted", "pwd"),
    expected: { stdout: "1\n2\n3\n/workspace/folder\n" },
  },
  {
    name: "exit code",
    code: "echo before; exit 7",
    expected: { status: "failed", exitCode: 7, stdout: "before\n", error: null },
  },
  {
    name: "syntax error",
    code: "echo before\nif fi",
    expected: { status: "failed", exitCode: 2, error: { name: "SyntaxError", line: 2 } },
  },
  {
    name: "time limit",
    code: "echo before; while :; do :; done",
    timeoutMs: 1_000,
    expected: { status: "timed-out", stdout: "before\n" },
  },
];
