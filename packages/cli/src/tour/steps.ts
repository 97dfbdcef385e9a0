import type { ExecutionResult, Status } from "@llm-sandbox/core";

/** One thing the guided run shows. */
export interface Step {
  readonly title: string;
  readonly lang: string;
  readonly code: string;
  readonly timeoutMs?: number;
  /** How it should end; anything else makes the guided run fail. */
  readonly expected: Status;
  /** Something the output or the traceback must hold. */
  readonly shows: RegExp;
  /** A file in the box that is copied back afterwards. */
  readonly file?: string;
}

const lines = (text: string) => text.trim();

/** Steps of one language stand together, so that they share a session. */
const steps: readonly Step[] = [
  {
    title: "Python",
    lang: "python",
    code: lines(`
from statistics import mean, pstdev

samples = [4, 8, 15, 16, 23, 42]
print("mean", mean(samples))
round(pstdev(samples), 2)
`),
    expected: "ok",
    shows: /mean 18[\s\S]*12\.32/,
  },
  {
    title: "An error, with its traceback",
    lang: "python",
    code: lines(`
def share(total, people):
    return total / people

print("half of it:", share(10, 2))
share(10, 0)
`),
    expected: "failed",
    shows: /half of it: 5[\s\S]*line 5[\s\S]*ZeroDivisionError/,
  },
  {
    title: "A program that never ends, given one second",
    lang: "python",
    code: lines(`
print("counting…", flush=True)
while True:
    pass
`),
    timeoutMs: 1000,
    expected: "timed-out",
    shows: /counting/,
  },
  {
    title: "A file that comes back",
    lang: "python",
    code: lines(`
import csv

with open("squares.csv", "w", newline="") as file:
    csv.writer(file).writerows([n, n * n] for n in range(1, 6))
print("written")
`),
    expected: "ok",
    shows: /written/,
    file: "squares.csv",
  },
  {
    title: "JavaScript",
    lang: "javascript",
    code: lines(`
const words = "the box runs what the model wrote".split(" ");
console.log(Object.groupBy(words, (word) => word.length));
`),
    expected: "ok",
    shows: /model/,
  },
  {
    title: "C++, compiled in the box",
    lang: "cpp",
    code: lines(`
#include <iostream>
#include <numeric>
#include <vector>

int main() {
  std::vector<long long> numbers(1'000'000);
  std::iota(numbers.begin(), numbers.end(), 1);
  std::cout << "sum " << std::accumulate(numbers.begin(), numbers.end(), 0LL) << "\\n";
}
`),
    expected: "ok",
    shows: /sum 500000500000/,
  },
];

const withoutCompilers: Step = {
  title: "Bash",
  lang: "bash",
  code: lines(`
printf '%s\\n' pear apple fig | sort | awk '{ print NR ": " $0 }'
`),
  expected: "ok",
  shows: /1: apple\n2: fig\n3: pear/,
};

/** The steps for a runtime with those languages; undefined for one that has whatever an image has. */
export function stepsFor(languages: readonly string[] | undefined): readonly Step[] {
  if (languages === undefined) return steps;
  const possible = steps.filter(({ lang }) => languages.includes(lang));
  return possible.length < steps.length && languages.includes("bash")
    ? [...possible, withoutCompilers]
    : possible;
}

/** Everything a person would look at in a result. */
export function visible({ stdout, stderr, value, error }: ExecutionResult): string {
  return [stdout, stderr, value ?? "", error?.traceback ?? ""].join("\n");
}
