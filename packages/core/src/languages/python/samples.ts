import { lines, type Sample } from "../sample.ts";

export const samples: readonly Sample[] = [
  { name: "hello", code: 'print("hello")', expected: { stdout: "hello\n", value: null, error: null } },
  { name: "unicode", code: "print('é漢字😀'[::-1])", expected: { stdout: "😀字漢é\n" } },
  {
    name: "standard input",
    code: lines("import sys", "numbers = [int(line) for line in sys.stdin]", "print(sum(numbers))"),
    stdin: "1\n2\n39\n",
    expected: { stdout: "42\n" },
  },
  {
    name: "arguments and environment",
    code: "import os, sys\nprint(sys.argv[1:], os.environ['GREETING'])",
    argv: ["a b", "-c"],
    env: { GREETING: "$HOME" },
    expected: { stdout: "['a b', '-c'] $HOME\n" },
  },
  {
    name: "error",
    code: lines("def half(x):", "    return x / 0", "", "print('before')", "half(1)"),
    expected: {
      status: "failed",
      exitCode: 1,
      stdout: "before\n",
      error: { name: "ZeroDivisionError", message: "division by zero", line: 2 },
    },
  },
  {
    name: "syntax error",
    code: lines("print('never')", "if True print()"),
    expected: { status: "failed", exitCode: 1, stdout: "", error: { name: "SyntaxError", line: 2 } },
  },
  {
    name: "exit code",
    code: "import sys\nsys.exit(7)",
    expected: { status: "failed", exitCode: 7, error: null },
  },
  {
    name: "signal",
    code: "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
    expected: { status: "failed", signal: "SIGSEGV", error: { name: "SIGSEGV" } },
  },
  {
    name: "value",
    code: "numbers = [1, 2.5]\n{'numbers': numbers}",
    expected: { value: "{'numbers': [1, 2.5]}", outputs: ["value application/json text/plain"] },
  },
  {
    name: "time limit",
    code: lines("print('before')", "while True:", "    pass"),
    timeoutMs: 1_000,
    expected: { status: "timed-out", stdout: "before\n" },
  },
  {
    name: "files",
    code: lines(
      "from pathlib import Path",
      "Path('folder').mkdir()",
      "Path('folder/text').write_text('kept')",
      "print(Path('folder/text').read_text(), Path.cwd())",
    ),
    expected: { stdout: "kept /workspace\n" },
  },
  {
    name: "threads and processes",
    code: lines(
      "import subprocess, multiprocessing, concurrent.futures",
      "def square(x): return x * x",
      "with concurrent.futures.ThreadPoolExecutor() as pool: print(list(pool.map(square, range(3))))",
      "with multiprocessing.get_context('fork').Pool(2) as pool: print(pool.map(square, range(3)))",
      "print(subprocess.run(['echo', 'child'], capture_output=True, text=True).stdout, end='')",
    ),
    expected: { stdout: "[0, 1, 4]\n[0, 1, 4]\nchild\n" },
  },
];
