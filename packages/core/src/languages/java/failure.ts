import type { ExecutionError } from "../../execution.ts";
import type { FailedProgram } from "../../language.ts";
import { lastLine, lineIn, messageOf, reportLines } from "../report-lines.ts";

const uncaught = /^Exception in thread "[^"]*" ([\w.$]+)(?:: (.*))?$/;
const frame = /^\t+(?:at |\.\.\. \d)/;
const further = /^\t*(?:Caused by|Suppressed): /;

/** The exception that nothing has caught, or what the `java` command has to say. */
export function javaFailure({ stderr, exitCode, source }: FailedProgram): ExecutionError | null {
  if (exitCode !== 1) return null;
  const lines = reportLines(stderr);
  const start = lastLine(lines, uncaught);
  if (start < 0) return launcherFailure(lines);
  const [, name = "", first = ""] = uncaught.exec(lines[start]!)!;
  let end = start + 1;
  while (end < lines.length && !frame.test(lines[end]!) && !further.test(lines[end]!)) end += 1;
  const message = messageOf([first, ...lines.slice(start + 1, end)]);
  while (end < lines.length && (frame.test(lines[end]!) || further.test(lines[end]!))) end += 1;
  const report = lines.slice(start, end);
  return {
    name: name.split(/[.$]/).findLast((part) => part !== "") ?? name,
    message,
    traceback: report.join("\n").trimEnd(),
    ...lineIn(report, source),
  };
}

function launcherFailure(lines: readonly string[]): ExecutionError | null {
  const start = lines.findIndex((line) => /^Error: (?:Main method|Could not find or load)/.test(line));
  if (start < 0) return null;
  const traceback = lines.slice(start).join("\n").trim();
  return { name: "Error", message: lines[start]!.slice("Error: ".length), traceback };
}
