/** A program as it is written: backslashes stay, the indentation of the first line is taken off every line. */
export function program(parts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  const lines = String.raw(parts, ...values).split("\n");
  if (lines[0]?.trim() === "") lines.shift();
  const indentation = /^ */.exec(lines[0] ?? "")![0].length;
  return lines
    .map((line) => (line.slice(0, indentation).trim() === "" ? line.slice(indentation) : line))
    .join("\n");
}
