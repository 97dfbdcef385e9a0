import { lines, type Sample } from "../sample.ts";

export const samples: readonly Sample[] = [
  {
    name: "hello",
    code: 'const word: string = "hello";\nconsole.log(word);',
    expected: { stdout: "hello\n", value: null, error: null },
  },
  {
    name: "unicode",
    code: "const text: string[] = [...'é漢字😀'];\nconsole.log(text.reverse().join(''));",
    expected: { stdout: "😀字漢é\n" },
  },
  {
    name: "standard input",
    code: lines(
      "import { readFileSync } from 'node:fs';",
      "const numbers: number[] = readFileSync(0, 'utf8').split('\\n').map(Number);",
      "console.log(numbers.reduce((a, b) => a + b));",
    ),
    stdin: "1\n2\n39\n",
    expected: { stdout: "42\n" },
  },
  {
    name: "types, enums and classes",
    code: lines(
      "interface Shape { area(): number }",
      "enum Kind { Round = 3, Square }",
      "class Square implements Shape {",
      "  constructor(private readonly side: number) {}",
      "  area(): number { return this.side ** 2; }",
      "}",
      "console.log(new Square(4).area(), Kind.Square, Kind[3] as string);",
    ),
    expected: { stdout: "16 4 Round\n" },
  },
  {
    name: "error",
    code: lines(
      "interface Named {",
      "  name: string;",
      "}",
      "function name(x: Named): string {",
      "  return x.name;",
      "}",
      "console.log('before');",
      "name(null as unknown as Named);",
    ),
    expected: {
      status: "failed",
      exitCode: 1,
      stdout: "before\n",
      error: { name: "TypeError", message: "null", line: 5 },
    },
  },
  {
    name: "syntax error",
    code: "console.log('never');\nconst x: = 1;",
    expected: { status: "failed", exitCode: 1, stdout: "", error: { name: "SyntaxError", line: 2 } },
  },
  {
    name: "value",
    code: "const numbers: number[] = [1, 2.5];\n({ numbers })",
    expected: { value: "{ numbers: [ 1, 2.5 ] }", outputs: ["value application/json text/plain"] },
  },
  {
    name: "time limit",
    code: "console.log('before' as string);\nfor (;;);",
    timeoutMs: 1_500,
    expected: { status: "timed-out", stdout: "before\n" },
  },
];
