import type { ExecutionError } from "../../execution.ts";
import type { FailedProgram } from "../../language.ts";
import { lineIn, messageOf, reportLines } from "../report-lines.ts";

const start = /^(?:<internal:[^>]*>|[^\s:][^:]*):\d+:/;
const className = / \(([A-Z]\w*(?:::[A-Z]\w*)*)\)$/;
const frame = /^\t *\d*:? ?from /;

/** The exception that nothing has rescued. */
export function rubyFailure({ stderr, exitCode, source }: FailedProgram): ExecutionError | null {
  if (exitCode !== 1) return null;
  const lines = reportLines(stderr);
  // The causes of an exception come right behind its frames, and are none of their own.
  const first = lines.findLastIndex(
    (line, index) => isStart(line) && !(index > 0 && frame.test(lines[index - 1]!)),
  );
  if (first < 0) return null;
  const report = lines.slice(first);
  const head = report[0]!;
  const name = className.exec(head)?.[1];
  const from = report.findIndex((line) => frame.test(line));
  const more = report.slice(1, from < 0 ? undefined : from);
  const text = withoutPlace(name === undefined ? head : head.slice(0, head.lastIndexOf(" (")));
  return {
    name: name ?? "RuntimeError",
    message: messageOf([text, ...more]),
    traceback: report.join("\n").trimEnd(),
    ...lineIn(report, source),
  };
}

function isStart(line: string): boolean {
  return start.test(line) && (className.test(line) || line.endsWith(": unhandled exception"));
}

/** `main.rb:2:in 'f': no` without where it was. */
function withoutPlace(head: string): string {
  const after = head.replace(start, "");
  if (!after.startsWith("in ")) return after.trimStart();
  // Ruby's own names may hold colons, but no quote before a colon and a blank.
  const end = after.indexOf("': ");
  return end < 0 ? after : after.slice(end + 3);
}
