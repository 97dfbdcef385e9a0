import { foreignText, ownLine } from "./own-words.ts";

/** A program's text for a model: whole, or its head and tail with a line between them that says how many characters are missing. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return foreignText(text);
  const head = text.slice(0, Math.ceil(most / 2)).replace(/[\uD800-\uDBFF]$/, "");
  const tail = most < 2 ? "" : text.slice(-Math.floor(most / 2)).replace(/^[\uDC00-\uDFFF]/, "");
  const omitted = text.length - head.length - tail.length;
  const gap = ownLine(`${omitted.toLocaleString("en")} characters left out here`);
  return `${foreignText(head)}\n${gap}\n${foreignText(tail)}`;
}

/** Texts that share a budget of characters: the short ones stay whole, the long ones get equal parts of what is left. */
export function shortenAll(texts: readonly string[], most: number): string[] {
  let left = most;
  const shares = new Map<number, number>();
  const byLength = texts
    .map((text, index) => ({ length: text.length, index }))
    .sort((one, other) => one.length - other.length);
  byLength.forEach(({ length, index }, position) => {
    const share = Math.min(length, Math.floor(left / (byLength.length - position)));
    shares.set(index, share);
    left -= share;
  });
  return texts.map((text, index) => shorten(text, shares.get(index)!));
}
