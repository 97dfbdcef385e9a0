import type { ExecutionError } from "../../execution.ts";
import type { FailedProgram } from "../../language.ts";
import { signalError } from "../../signal-error.ts";
import { lastLine, lineIn, messageOf, reportLines } from "../report-lines.ts";

const terminated = /^terminate called (?:after throwing an instance of '(.*)'|.*)$/;
const what = "  what():  ";
const assertion = /: Assertion `.*' failed\.$/;

/** The exception that nothing has caught, a failed assertion, or what the C library says before it aborts. */
export function cppFailure({ stderr, signal, source }: FailedProgram): ExecutionError | null {
  if (signal !== "SIGABRT") return null;
  const lines = reportLines(stderr);
  const start = lastLine(lines, terminated);
  if (start >= 0) {
    const report = lines.slice(start);
    const name = terminated.exec(report[0]!)![1];
    const says = report[1]?.startsWith(what) ? report.slice(1) : [];
    const message = says.length === 0 ? report[0]! : messageOf(says).replace(/^what\(\):\s*/, "");
    return { name: name ?? "std::terminate", message, traceback: report.join("\n").trimEnd() };
  }
  const failed = lastLine(lines, assertion);
  if (failed >= 0) {
    const line = lines[failed]!;
    const message = line.slice(line.lastIndexOf(": Assertion `") + 2);
    return { name: "AssertionError", message, traceback: line, ...lineIn([line], source) };
  }
  return signalError({ status: "failed", signal }, lines.findLast((line) => line.trim() !== "")?.trim());
}
