import { lines, type Sample } from "../sample.ts";

/** Package main with the imports and this in its main function, which begins in line 4. */
const main = (imports: string, ...body: readonly string[]): string =>
  lines("package main", imports, "func main() {", ...body, "}");

export const samples: readonly Sample[] = [
  {
    name: "hello",
    code: main('import "fmt"', 'fmt.Println("hello")'),
    expected: { stdout: "hello\n", value: null, error: null },
  },
  {
    name: "unicode",
    code: main('import ("fmt"; "unicode/utf8")', 'fmt.Println("é漢字😀", utf8.RuneCountInString("é漢字😀"))'),
    expected: { stdout: "é漢字😀 4\n" },
  },
  {
    name: "standard input",
    code: main(
      'import "fmt"',
      "sum, number := 0, 0",
      "for { if _, err := fmt.Scan(&number); err != nil { break }; sum += number }",
      "fmt.Println(sum)",
    ),
    stdin: "1\n2\n39\n",
    expected: { stdout: "42\n" },
  },
  {
    name: "arguments and environment",
    code: main('import ("fmt"; "os")', 'fmt.Printf("%q %s\\n", os.Args[1:], os.Getenv("GREETING"))'),
    argv: ["a b", "-c"],
    env: { GREETING: "$HOME" },
    expected: { stdout: '["a b" "-c"] $HOME\n' },
  },
  {
    name: "goroutines, generics and JSON",
    code: lines(
      "package main",
      'import ("encoding/json"; "fmt"; "sync")',
      "func sum[T int | float64](values ...T) (total T) { for _, v := range values { total += v }; return }",
      "func main() {",
      "  var group sync.WaitGroup",
      "  results := make(chan int, 3)",
      "  for i := range 3 { group.Add(1); go func() { defer group.Done(); results <- i * 14 }() }",
      "  group.Wait()",
      '  text, _ := json.Marshal(map[string]int{"sum": sum(<-results, <-results, <-results)})',
      "  fmt.Println(string(text))",
      "}",
    ),
    expected: { stdout: '{"sum":42}\n' },
  },
  {
    name: "error",
    code: main('import "fmt"', 'fmt.Println("before")', "numbers := []int{1}", "numbers[len(numbers)] = 2"),
    expected: {
      status: "failed",
      exitCode: 2,
      stdout: "before\n",
      error: { name: "panic", message: "index out of range [1] with length 1", line: 6 },
    },
  },
  {
    name: "compile error",
    code: main('import "fmt"', "fmt.Println(missing)"),
    expected: { status: "failed", error: { name: "CompileError", message: "undefined: missing", line: 4 } },
  },
  {
    name: "exit code",
    code: main('import "os"', "os.Exit(7)"),
    expected: { status: "failed", exitCode: 7, error: null },
  },
  { name: "time limit", code: main("", "for {}"), timeoutMs: 3_000, expected: { status: "timed-out" } },
];
