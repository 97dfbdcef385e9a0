/** Frames of this program and of Deno's own parts. */
const foreign = /^\s+at .*(?:\(|\s)(?:ext:|blob:|data:text\/javascript|node:|sandbox:)/;

/** The text without the frames that are not the program's. */
export function withOwnFrames(text: string): string {
  return text
    .split("\n")
    .filter((line) => !foreign.test(line))
    .join("\n");
}
