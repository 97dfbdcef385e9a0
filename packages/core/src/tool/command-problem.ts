/** Bytes of a command line: Linux takes 128 KiB for one argument. */
const mostBytes = 120_000;

/** Why a model's command cannot be run, in words for the model; undefined where it can. */
export function commandProblem(command: unknown): string | undefined {
  if (typeof command !== "string") return "The command is no text.";
  if (command.includes("\0")) return "The command holds a NUL character.";
  const bytes = Buffer.byteLength(command);
  if (bytes <= mostBytes) return undefined;
  const [has, fits] = [bytes, mostBytes].map((count) => count.toLocaleString("en"));
  return `The command has ${has} bytes; at most ${fits} fit. Write a script into a file and run that.`;
}
