const mostCharacters = 262_144;
const mostLineCharacters = 8_192;
const mostLines = 20_000;
const mostMessageCharacters = 32_768;

/**
 * The end of what a failed program has printed, in lines. All of it may have been written to confuse who reads it: so
 * it is bounded, and a line that is far too long comes as an empty one.
 */
export function reportLines(stderr: string): string[] {
  return stderr
    .slice(-mostCharacters)
    .split("\n", mostLines)
    .map((line) => (line.length > mostLineCharacters ? "" : line.replace(/\r$/, "")));
}

/** The index of the last line that the pattern matches, or -1. */
export function lastLine(lines: readonly string[], pattern: RegExp): number {
  return lines.findLastIndex((line) => pattern.test(line));
}

/** Lines as a message of a bearable length. */
export function messageOf(lines: readonly string[]): string {
  const text = lines.join("\n").trim();
  return text.length > mostMessageCharacters ? `${text.slice(0, mostMessageCharacters)} …` : text;
}

/** `{ line }` of the first line that names the user's file: `main.go:12`. */
export function lineIn(lines: readonly string[], source: string): { readonly line?: number } {
  for (const text of lines) {
    const start = text.indexOf(`${source}:`);
    const number = start < 0 ? undefined : /^\d{1,7}/.exec(text.slice(start + source.length + 1))?.[0];
    if (number !== undefined && Number(number) > 0) return { line: Number(number) };
  }
  return {};
}
