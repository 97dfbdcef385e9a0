import { lines, type Sample } from "../sample.ts";

export const samples: readonly Sample[] = [
  {
    name: "hello",
    code: '#include <iostream>\nint main() { std::cout << "hello\\n"; }',
    expected: { stdout: "hello\n", value: null, error: null },
  },
  {
    name: "unicode",
    code: '#include <cstdio>\nint main() { std::puts("é漢字😀"); }',
    expected: { stdout: "é漢字😀\n" },
  },
  {
    name: "standard input",
    code: lines(
      "#include <iostream>",
      "int main() {",
      "  int sum = 0;",
      "  for (int number; std::cin >> number; ) sum += number;",
      "  std::cout << sum << std::endl;",
      "}",
    ),
    stdin: "1\n2\n39\n",
    expected: { stdout: "42\n" },
  },
  {
    name: "arguments and environment",
    code: lines(
      "#include <cstdio>",
      "#include <cstdlib>",
      'int main(int count, char** words) { std::printf("%d %s %s\\n", count, words[1], std::getenv("GREETING")); }',
    ),
    argv: ["a b", "-c"],
    env: { GREETING: "$HOME" },
    expected: { stdout: "3 a b $HOME\n" },
  },
  {
    name: "the standard library of C++20",
    code: lines(
      "#include <algorithm>",
      "#include <format>",
      "#include <iostream>",
      "#include <map>",
      "#include <ranges>",
      "#include <thread>",
      "#include <vector>",
      "int main() {",
      "  std::vector<int> numbers{3, 1, 2};",
      "  std::ranges::sort(numbers);",
      "  int sum = 0;",
      "  std::jthread([&] { for (int n : numbers | std::views::transform([](int n) { return n * 7; })) sum += n; }).join();",
      '  std::cout << std::format("{:>4}|{}\\n", sum, numbers[0]);',
      "}",
    ),
    expected: { stdout: "  42|1\n" },
  },
  {
    name: "error",
    code: lines(
      "#include <stdexcept>",
      "#include <iostream>",
      "int main() {",
      '  std::cout << "before" << std::endl;',
      '  throw std::runtime_error("no more tea");',
      "}",
    ),
    expected: {
      status: "failed",
      signal: "SIGABRT",
      stdout: "before\n",
      error: { name: "std::runtime_error", message: "no more tea" },
    },
  },
  {
    name: "signal",
    code: "int main(int count, char** words) { return *(volatile int*)(count - 1L); }",
    expected: { status: "failed", signal: "SIGSEGV", error: { name: "SIGSEGV" } },
  },
  {
    name: "compile error",
    code: "int main() {\n  return missing;\n}",
    expected: { status: "failed", error: { name: "CompileError", message: "missing", line: 2 } },
  },
  {
    name: "exit code",
    code: "int main() { return 7; }",
    expected: { status: "failed", exitCode: 7, error: null },
  },
  {
    name: "time limit",
    code: "int main() { for (volatile int i = 0; ; ) i = 1; }",
    timeoutMs: 3_000,
    expected: { status: "timed-out" },
  },
];
