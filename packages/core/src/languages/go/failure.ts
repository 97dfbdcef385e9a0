import type { ExecutionError } from "../../execution.ts";
import type { FailedProgram } from "../../language.ts";
import { lastLine, lineIn, messageOf, reportLines } from "../report-lines.ts";

const start = /^(panic|fatal error): /;
const stack = /^(?:goroutine \d+ .*\[|runtime stack:|\[signal SIG)/;

/** The panic that nothing has recovered from, or the runtime's fatal error. */
export function goFailure({ stderr, exitCode, source }: FailedProgram): ExecutionError | null {
  if (exitCode !== 2) return null;
  const lines = reportLines(stderr);
  const first = lastLine(lines, start);
  if (first < 0) return null;
  const report = lines.slice(first);
  const trace = report.findIndex((line) => stack.test(line));
  if (trace < 0) return null;
  const name = start.exec(report[0]!)![1]!;
  return {
    name,
    message: messageOf([report[0]!.slice(name.length + 2), ...report.slice(1, trace)]),
    traceback: report.join("\n").trimEnd(),
    ...lineIn(report.slice(trace), source),
  };
}
