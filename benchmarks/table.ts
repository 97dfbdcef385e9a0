import type { Row } from "./row.ts";

/** The rows as a table for a terminal. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.name,
    `${row.value.toFixed(row.value < 10 ? 2 : 0)} ${row.unit}`,
    `${row.baselineValue.toFixed(row.baselineValue < 10 ? 2 : 0)} ${row.unit}`,
    row.ratio.toFixed(3),
    row.bar ? `${row.bar.met ? "met" : "MISSED"} (${row.bar.text})` : "",
    row.baseline,
  ]);
  const lines = [["row", "ours", "peer", "ratio", "bar", "peer is"], ...cells];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
