import type { Change } from "./edits.ts";

/** A file to be shown beside another: its lines, and whether the last one has an end. */
export interface Side {
  readonly header: string;
  readonly lines: readonly string[];
  readonly isWhole: boolean;
}

const unended = "\\ No newline at end of file\n";

function shown(side: Side, mark: string, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at += 1) {
    text += `${mark}${side.lines[at]}\n`;
    if (at === side.lines.length - 1 && !side.isWhole) text += unended;
  }
  return text;
}

/** The form without options: `2c2`, `< old`, `---`, `> new`. */
export function normal(first: Side, second: Side, changes: readonly Change[]): string {
  const range = ([start, end]: readonly [number, number]): string =>
    end - start > 1 ? `${start + 1},${end}` : `${end - start === 1 ? start + 1 : start}`;
  return changes
    .map(({ from, to }) => {
      const kind = from[0] === from[1] ? "a" : to[0] === to[1] ? "d" : "c";
      const between = kind === "c" ? "---\n" : "";
      return `${range(from)}${kind}${range(to)}\n${shown(first, "< ", ...from)}${between}${shown(second, "> ", ...to)}`;
    })
    .join("");
}

/** Changes whose surroundings touch, together. */
function grouped(changes: readonly Change[], context: number): Change[][] {
  const groups: Change[][] = [];
  for (const change of changes) {
    const last = groups.at(-1);
    if (last && change.from[0] - last.at(-1)!.from[1] <= 2 * context) last.push(change);
    else groups.push([change]);
  }
  return groups;
}

/** `diff -u`. */
export function unified(first: Side, second: Side, changes: readonly Change[], context: number): string {
  let text = `--- ${first.header}\n+++ ${second.header}\n`;
  for (const group of grouped(changes, context)) {
    const [start, end] = around(group, "from", first, context);
    const [toStart, toEnd] = around(group, "to", second, context);
    text += `@@ -${extent(start, end)} +${extent(toStart, toEnd)} @@\n`;
    let at = start;
    for (const { from, to } of group) {
      text += shown(first, " ", at, from[0]) + shown(first, "-", ...from) + shown(second, "+", ...to);
      at = from[1];
    }
    text += shown(first, " ", at, end);
  }
  return text;
}

function around(
  group: readonly Change[],
  side: "from" | "to",
  { lines }: Side,
  context: number,
): [number, number] {
  return [
    Math.max(0, group[0]![side][0] - context),
    Math.min(lines.length, group.at(-1)![side][1] + context),
  ];
}

const extent = (start: number, end: number): string =>
  end - start === 1 ? `${start + 1}` : `${end > start ? start + 1 : start},${end - start}`;

/** `diff -c`. */
export function withContext(first: Side, second: Side, changes: readonly Change[], context: number): string {
  let text = `*** ${first.header}\n--- ${second.header}\n`;
  const range = (start: number, end: number): string => (end - start > 1 ? `${start + 1},${end}` : `${end}`);
  for (const group of grouped(changes, context)) {
    text += "***************\n";
    for (const [side, own, mark, stars] of [
      [first, "from", "-", "***"],
      [second, "to", "+", "---"],
    ] as const) {
      const [start, end] = around(group, own, side, context);
      text += `${stars} ${range(start, end)} ${stars === "***" ? "****" : "----"}\n`;
      if (group.every((change) => change[own][0] === change[own][1])) continue;
      let at = start;
      for (const change of group) {
        const isBoth = change.from[0] < change.from[1] && change.to[0] < change.to[1];
        text += shown(side, "  ", at, change[own][0]);
        text += shown(side, isBoth ? "! " : `${mark} `, ...change[own]);
        at = change[own][1];
      }
      text += shown(side, "  ", at, end);
    }
  }
  return text;
}

/** `diff -y`: two columns and a mark between them. */
export function besides(
  first: Side,
  second: Side,
  changes: readonly Change[],
  { width, common }: { readonly width: number; readonly common: boolean },
): string {
  const offset = Math.floor((width + 8 + 3) / 2 / 8) * 8 || 8;
  const half = Math.max(0, Math.min(offset - 3, width - offset));
  const column = half ? offset : width;
  const row = (left: string | undefined, mark: string, right: string | undefined): string => {
    const shownLeft = (left ?? "").slice(0, half);
    if (mark === " " && right === undefined) return `${shownLeft}\n`;
    const gap = Math.floor((half + column - 1) / 2);
    if (mark === " ")
      return `${shownLeft}${spread(shownLeft.length, column)}${(right ?? "").slice(0, half)}\n`;
    const start = `${shownLeft}${spread(shownLeft.length, gap)}${mark}`;
    return right === undefined || right === ""
      ? `${start}\n`
      : `${start}${spread(gap + 1, column)}${right.slice(0, half)}\n`;
  };
  let text = "";
  let x = 0;
  let y = 0;
  const same = (until: number): void => {
    for (; x < until; x += 1, y += 1) if (common) text += row(first.lines[x], " ", second.lines[y]);
  };
  for (const { from, to } of changes) {
    same(from[0]);
    for (; x < from[1] && y < to[1]; x += 1, y += 1) text += row(first.lines[x], "|", second.lines[y]);
    for (; x < from[1]; x += 1) text += row(first.lines[x], "<", undefined);
    for (; y < to[1]; y += 1) text += row("", ">", second.lines[y]);
  }
  same(first.lines.length);
  return text;
}

/** Tabs and blanks from one column to another. */
function spread(from: number, to: number): string {
  let text = "";
  let at = from;
  while (at < to && Math.floor(at / 8) * 8 + 8 <= to) {
    text += "\t";
    at = Math.floor(at / 8) * 8 + 8;
  }
  return text + " ".repeat(Math.max(0, to - at));
}
