import { lines, type Sample } from "../sample.ts";

/** The class Main with this in its main method, which begins in line 4. */
const main = (...body: readonly string[]): string =>
  lines(
    "import java.util.*;",
    "public class Main {",
    "  public static void main(String[] args) throws Exception {",
    ...body,
    "  }",
    "}",
  );

export const samples: readonly Sample[] = [
  {
    name: "hello",
    code: main('System.out.println("hello");'),
    expected: { stdout: "hello\n", value: null, error: null },
  },
  {
    name: "unicode",
    code: main('System.out.println(new StringBuilder("é漢字😀").reverse());'),
    expected: { stdout: "😀字漢é\n" },
  },
  {
    name: "standard input",
    code: main(
      "int sum = 0;",
      "for (Scanner in = new Scanner(System.in); in.hasNextInt(); ) sum += in.nextInt();",
      "System.out.println(sum);",
    ),
    stdin: "1\n2\n39\n",
    expected: { stdout: "42\n" },
  },
  {
    name: "arguments and environment",
    code: main('System.out.println(List.of(args) + " " + System.getenv("GREETING"));'),
    argv: ["a b", "-c"],
    env: { GREETING: "$HOME" },
    expected: { stdout: "[a b, -c] $HOME\n" },
  },
  {
    name: "another main class, records and streams",
    code: lines(
      "package com.shop;",
      "import java.util.stream.*;",
      "record Item(String name, int price) {}",
      "public class Shop {",
      "  public static void main(String[] args) {",
      '    var items = Stream.of(new Item("tea", 2), new Item("cup", 40));',
      "    System.out.println(items.mapToInt(Item::price).sum());",
      "  }",
      "}",
    ),
    expected: { stdout: "42\n" },
  },
  {
    name: "error",
    code: main('System.out.println("before");', "int[] numbers = {1};", "numbers[args.length + 3] = 1;"),
    expected: {
      status: "failed",
      exitCode: 1,
      stdout: "before\n",
      error: { name: "ArrayIndexOutOfBoundsException", message: "Index 3 out of bounds", line: 6 },
    },
  },
  {
    name: "compile error",
    code: main('System.out.println("never")'),
    expected: { status: "failed", error: { name: "CompileError", message: "';' expected", line: 4 } },
  },
  {
    name: "exit code",
    code: main("System.exit(7);"),
    expected: { status: "failed", exitCode: 7, error: null },
  },
  {
    name: "time limit",
    code: main("for (;;);"),
    timeoutMs: 4_000,
    expected: { status: "timed-out" },
  },
];
