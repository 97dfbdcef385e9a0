import { lines, type Sample } from "../sample.ts";

export const samples: readonly Sample[] = [
  { name: "hello", code: 'puts "hello"', expected: { stdout: "hello\n", value: null, error: null } },
  { name: "unicode", code: 'puts "é漢字😀".reverse', expected: { stdout: "😀字漢é\n" } },
  {
    name: "standard input",
    code: "puts $stdin.each_line.sum(&:to_i)",
    stdin: "1\n2\n39\n",
    expected: { stdout: "42\n" },
  },
  {
    name: "arguments and environment",
    code: 'p ARGV, ENV["GREETING"]',
    argv: ["a b", "-c"],
    env: { GREETING: "$HOME" },
    expected: { stdout: '["a b", "-c"]\n"$HOME"\n' },
  },
  {
    name: "files and the standard library",
    code: lines(
      "require 'json'",
      "require 'set'",
      "File.write('text', JSON.generate({ sum: Set[20, 22].sum }))",
      "puts File.read('text'), Dir.pwd",
    ),
    expected: { stdout: '{"sum":42}\n/workspace\n' },
  },
  {
    name: "error",
    code: lines("def half(x)", "  x / 0", "end", 'puts "before"', "half(1)"),
    expected: {
      status: "failed",
      exitCode: 1,
      stdout: "before\n",
      error: { name: "ZeroDivisionError", message: "divided by 0", line: 2 },
    },
  },
  {
    name: "syntax error",
    code: "puts 'never'\nif )\n",
    expected: { status: "failed", exitCode: 1, stdout: "", error: { name: "SyntaxError", line: 2 } },
  },
  { name: "exit code", code: "exit 7", expected: { status: "failed", exitCode: 7, error: null } },
  {
    name: "time limit",
    code: "$stdout.sync = true\nputs 'before'\nloop {}",
    timeoutMs: 1_500,
    expected: { status: "timed-out", stdout: "before\n" },
  },
];
