import { expect, test } from "vitest";
import { cppFailure } from "./cpp/failure.ts";
import { goFailure } from "./go/failure.ts";
import { javaFailure } from "./java/failure.ts";
import { rubyFailure } from "./ruby/failure.ts";

const java = (stderr: string) => javaFailure({ stderr, exitCode: 1, signal: null, source: "Main.java" });
const go = (stderr: string) => goFailure({ stderr, exitCode: 2, signal: null, source: "main.go" });
const ruby = (stderr: string) => rubyFailure({ stderr, exitCode: 1, signal: null, source: "main.rb" });
const cpp = (stderr: string) => cppFailure({ stderr, exitCode: null, signal: "SIGABRT", source: "main.cpp" });

test("Java's uncaught exception is the last one, with its causes and without what was printed before", () => {
  const report =
    'Exception in thread "main" com.shop.Bill$Wrong: two\nlines\n\tat com.shop.Bill.pay(Bill.java:9)\n\tat Main.main(Main.java:4)\nCaused by: java.io.IOException: deep\n\t... 2 more';
  const before = 'a log line\nException in thread "old" java.lang.Error: printed\n\tat Main.f(Main.java:1)\n';
  expect(java(`${before}${report}\nafterwards\n`)).toEqual({
    name: "Wrong",
    message: "two\nlines",
    traceback: report,
    line: 4,
  });
  expect(java('Exception in thread "main" java.lang.StackOverflowError\n\tat X.f(X.java:1)')).toEqual({
    name: "StackOverflowError",
    message: "",
    traceback: 'Exception in thread "main" java.lang.StackOverflowError\n\tat X.f(X.java:1)',
  });
  expect(java("Error: Main method not found in class Main, please")?.name).toBe("Error");
  expect(java("just a line on standard error")).toBeNull();
});

test("Go's panic and its fatal errors come with the user's line", () => {
  const panic =
    "panic: first [recovered]\n\tpanic: second\n\ngoroutine 1 [running]:\nmain.main()\n\tmain.go:7 +0x1\nexit";
  expect(go(`panic: in a log, with no stack\n${panic}`)).toEqual({
    name: "panic",
    message: "first [recovered]\n\tpanic: second",
    traceback: panic,
    line: 7,
  });
  const fatal =
    "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()";
  expect(go(fatal)).toMatchObject({ name: "fatal error", message: "all goroutines are asleep - deadlock!" });
  expect(go("panic: only said so")).toBeNull();
});

test("Ruby's exception is told in the forms of all its versions", () => {
  const old = "main.rb:2:in `/': divided by 0 (ZeroDivisionError)\n\tfrom main.rb:5:in `<main>'";
  expect(ruby(`main.rb:1: warning: unused\n${old}\n`)).toEqual({
    name: "ZeroDivisionError",
    message: "divided by 0",
    traceback: old,
    line: 2,
  });
  expect(
    ruby("<internal:kernel>:307:in `Integer': invalid value (ArgumentError)\n\tfrom main.rb:3:in `<main>'"),
  ).toMatchObject({ name: "ArgumentError", message: "invalid value", line: 3 });
  expect(ruby("main.rb:2:in 'Integer#/': divided by 0 (ZeroDivisionError)")).toMatchObject({
    message: "divided by 0",
  });
  expect(
    ruby("main.rb:1:in `m': a': b (c) (My::Error)\nmore (X)\n\tfrom main.rb:4:in `<main>'"),
  ).toMatchObject({
    name: "My::Error",
    message: "a': b (c)\nmore (X)",
  });
  const cause = "main.rb:5:in `f': outer (E)\n\tfrom main.rb:9:in `g'\nmain.rb:3:in `f': inner (F)\n\tfrom x";
  expect(ruby(cause)).toMatchObject({ name: "E", message: "outer", line: 5 });
  expect(ruby("main.rb:1:in `<main>': unhandled exception")).toMatchObject({ name: "RuntimeError" });
  expect(ruby("main.rb:3: syntax error, unexpected end (SyntaxError)\n x")).toMatchObject({
    name: "SyntaxError",
    line: 3,
  });
  expect(ruby("bye")).toBeNull();
});

test("C++ tells of exceptions, assertions and damaged memory", () => {
  const thrown = "terminate called after throwing an instance of 'std::runtime_error'\n  what():  two\nlines";
  expect(cpp(`before\n${thrown}\n`)).toEqual({
    name: "std::runtime_error",
    message: "two\nlines",
    traceback: thrown,
  });
  expect(cpp("terminate called without an active exception")).toMatchObject({ name: "std::terminate" });
  expect(cpp("program: main.cpp:3: int main(): Assertion `a == b' failed.")).toMatchObject({
    name: "AssertionError",
    message: "Assertion `a == b' failed.",
    line: 3,
  });
  expect(cpp("free(): double free detected in tcache 2\n")).toEqual({
    name: "SIGABRT",
    message: "Aborted: free(): double free detected in tcache 2",
    traceback: "SIGABRT: Aborted: free(): double free detected in tcache 2",
  });
});

test("nothing is made of a program that ended otherwise", () => {
  const stderr =
    'Exception in thread "main" X: y\npanic: x\n\ngoroutine 1 [running]:\nmain.rb:1:in `x\': m (E)';
  const ended = { stderr, exitCode: 3, signal: null, source: "main.rb" };
  for (const failure of [javaFailure, goFailure, rubyFailure, cppFailure]) expect(failure(ended)).toBeNull();
});

test("output made to confuse is read in no time, and nothing long is kept", () => {
  const pieces = [
    "main.rb:1:in `" + "': ".repeat(2_000_000),
    "a:1:in ".repeat(500_000),
    `${"(".repeat(2_000_000)}A)`,
    'Exception in thread "main" X: y\n'.repeat(100_000),
    'Exception in thread "main" X: y\n' + "z\n".repeat(1_000_000),
    "panic: x\n".repeat(200_000) + "goroutine 1 [x\n",
    "panic: x\n" + "y\n".repeat(100_000) + "goroutine 1 [x\nmain.go:",
    "terminate called after throwing an instance of 'X'\n  what():  " + "w".repeat(3_000_000),
    `x:1: ${"A::".repeat(1_000)} (${"A::".repeat(2_000)}A)\n`.repeat(100),
    ": Assertion `".repeat(200_000) + "' failed.",
    "\0\u2028\ud800\r\n".repeat(300_000),
  ];
  const started = performance.now();
  for (const piece of pieces) {
    for (const failure of [java, go, ruby, cpp]) {
      const error = failure(piece);
      if (error) expect(error.message.length).toBeLessThan(33_000);
      if (error) expect(error.traceback.length).toBeLessThan(263_000);
    }
  }
  expect(performance.now() - started).toBeLessThan(5_000);
});
