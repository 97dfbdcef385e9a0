/** Frames of this program and of Deno's own parts. */
const foreign = /^\s+at .*(?:\(|\s)(?:ext:|blob:|data:text\/javascript|node:|sandbox:)/;

/** Where an error was thrown, as Deno shows it above some. */
const foreignPlace = /^(?:blob|ext|data|node|sandbox):\S*:\d+\n.*\n\s*\^+\n\n?/;

/** The text without the frames that are not the program's. */
export function withOwnFrames(text: string): string {
  return text
    .replace(foreignPlace, "")
    .split("\n")
    .filter((line) => !foreign.test(line))
    .join("\n");
}
