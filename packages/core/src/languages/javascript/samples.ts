import { lines, type Sample } from "../sample.ts";

export const samples: readonly Sample[] = [
  { name: "hello", code: 'console.log("hello")', expected: { stdout: "hello\n", value: null, error: null } },
  {
    name: "unicode",
    code: "console.log([...'é漢字😀'].reverse().join(''))",
    expected: { stdout: "😀字漢é\n" },
  },
  {
    name: "standard input",
    code: lines(
      "let sum = 0;",
      "for (const line of require('fs').readFileSync(0, 'utf8').split('\\n')) sum += Number(line);",
      "console.log(sum);",
    ),
    stdin: "1\n2\n39\n",
    expected: { stdout: "42\n" },
  },
  {
    name: "arguments and environment",
    code: "console.log(process.argv.slice(2), process.env.GREETING)",
    argv: ["a b", "-c"],
    env: { GREETING: "$HOME" },
    expected: { stdout: "[ 'a b', '-c' ] $HOME\n" },
  },
  {
    name: "module",
    code: lines(
      "import { readFile, writeFile } from 'node:fs/promises';",
      "await writeFile('text', 'kept');",
      "console.log(await readFile('text', 'utf8'), process.cwd());",
    ),
    expected: { stdout: "kept /workspace\n" },
  },
  {
    name: "error",
    code: lines("function name(x) {", "  return x.name;", "}", "console.log('before');", "name(null);"),
    expected: {
      status: "failed",
      exitCode: 1,
      stdout: "before\n",
      error: { name: "TypeError", message: "null", line: 2 },
    },
  },
  {
    name: "late error",
    code: lines("setTimeout(() => {", "  throw new RangeError('late');", "}, 10);"),
    expected: { status: "failed", exitCode: 1, error: { name: "RangeError", message: "late", line: 2 } },
  },
  {
    name: "syntax error",
    code: lines("console.log('never');", "const x = ;"),
    expected: { status: "failed", exitCode: 1, stdout: "", error: { name: "SyntaxError", line: 2 } },
  },
  { name: "exit code", code: "process.exit(7)", expected: { status: "failed", exitCode: 7, error: null } },
  {
    name: "value",
    code: "const numbers = [1, 2.5];\n({ numbers })",
    expected: { value: "{ numbers: [ 1, 2.5 ] }", outputs: ["value application/json text/plain"] },
  },
  {
    name: "time limit",
    code: "console.log('before');\nfor (;;);",
    timeoutMs: 1_500,
    expected: { status: "timed-out", stdout: "before\n" },
  },
];
