/** Where two lists differ: `from` of the first became `to` of the second, each as [start, end). */
export interface Change {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
}

/** The fewest changes from one list to another, by Myers' algorithm; `key` tells what counts as the same. */
export function changesBetween(first: readonly string[], second: readonly string[]): readonly Change[] {
  let start = 0;
  while (start < first.length && start < second.length && first[start] === second[start]) start += 1;
  let firstEnd = first.length;
  let secondEnd = second.length;
  while (firstEnd > start && secondEnd > start && first[firstEnd - 1] === second[secondEnd - 1]) {
    firstEnd -= 1;
    secondEnd -= 1;
  }
  const removed = new Uint8Array(first.length + 1);
  const added = new Uint8Array(second.length + 1);
  mark(first.slice(start, firstEnd), second.slice(start, secondEnd), start, removed, added);
  slide(removed, first);
  slide(added, second);
  return collected(removed, added, first.length, second.length);
}

function mark(
  first: readonly string[],
  second: readonly string[],
  offset: number,
  removed: Uint8Array,
  added: Uint8Array,
): void {
  const most = first.length + second.length;
  const furthest = new Int32Array(2 * most + 2);
  const trail: Int32Array[] = [];
  for (let depth = 0; depth <= most; depth += 1) {
    trail.push(furthest.slice(most - depth, most + depth + 2));
    for (let diagonal = -depth; diagonal <= depth; diagonal += 2) {
      const at = most + diagonal;
      const down = diagonal === -depth || (diagonal !== depth && furthest[at - 1]! < furthest[at + 1]!);
      let x = down ? furthest[at + 1]! : furthest[at - 1]! + 1;
      while (x < first.length && x - diagonal < second.length && first[x] === second[x - diagonal]) x += 1;
      furthest[at] = x;
      if (x >= first.length && x - diagonal >= second.length) {
        return walkBack(trail, first.length, second.length, offset, removed, added);
      }
    }
  }
}

function walkBack(
  trail: readonly Int32Array[],
  width: number,
  height: number,
  offset: number,
  removed: Uint8Array,
  added: Uint8Array,
): void {
  let x = width;
  let y = height;
  for (let depth = trail.length - 1; depth > 0; depth -= 1) {
    const before = trail[depth]!;
    const at = (diagonal: number): number => before[diagonal + depth] ?? 0;
    const diagonal = x - y;
    const down = diagonal === -depth || (diagonal !== depth && at(diagonal - 1) < at(diagonal + 1));
    const fromX = at(down ? diagonal + 1 : diagonal - 1);
    const fromY = fromX - (down ? diagonal + 1 : diagonal - 1);
    if (down) added[offset + fromY] = 1;
    else removed[offset + fromX] = 1;
    x = fromX;
    y = fromY;
  }
}

/** Runs of changed lines move to the last place where they are the same. */
function slide(changed: Uint8Array, lines: readonly string[]): void {
  for (let end = lines.length; end > 0;) {
    if (!changed[end - 1]) {
      end -= 1;
      continue;
    }
    let start = end - 1;
    while (start > 0 && changed[start - 1]) start -= 1;
    let from = start;
    for (let to = end; to < lines.length && !changed[to] && lines[from] === lines[to]; to += 1) {
      changed[from] = 0;
      changed[to] = 1;
      from += 1;
    }
    end = start;
  }
}

function collected(removed: Uint8Array, added: Uint8Array, width: number, height: number): Change[] {
  const changes: Change[] = [];
  let x = 0;
  let y = 0;
  while (x < width || y < height) {
    const from = x;
    const to = y;
    while (x < width && removed[x]) x += 1;
    while (y < height && added[y]) y += 1;
    if (x > from || y > to) changes.push({ from: [from, x], to: [to, y] });
    else {
      x += 1;
      y += 1;
    }
  }
  return changes;
}
