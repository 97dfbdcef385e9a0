/** What every line of the sandbox's own begins with. */
const mark = "[sandbox: ";

/** A sentence of the sandbox's own as a model is told it: one line, which neither a program nor a file's name can imitate. */
export function ownLine(sentence: string): string {
  return `${mark}${sentence}]`;
}

/** What a program printed or a file holds, for a model: a backslash before whatever looks like the start of the sandbox's own lines. */
export function foreignText(text: string): string {
  return text.replaceAll(imitation, "\\$&");
}

/** A name that the box chose, within a line of the sandbox's own: as it is if it is plain, else quoted and escaped, and never long. */
export function shownName(name: string): string {
  const whole = name.toWellFormed();
  const short = whole.length > mostNameCharacters ? `${whole.slice(0, mostNameCharacters)}…` : whole;
  return plainName.test(short) ? short : visible(JSON.stringify(short.toWellFormed()));
}

/** A program's sentence within a line of the sandbox's own: one line without brackets, and never long. */
export function shownSentence(text: string): string {
  const line = visible(text.toWellFormed().slice(0, mostNameCharacters).replaceAll(/\s+/g, " ").trim());
  return line.replaceAll("[", "(").replaceAll("]", ")");
}

const mostNameCharacters = 300;

const plainName = /^[\p{L}\p{M}\p{N}_./@%+=,~…-]+$/u;

/** Spaces and characters without a shape, which hide a mark from this search and not from a reader. */
const unseen = String.raw`[\s\p{Cc}\p{Cf}\p{Mn}]*`;
const imitation = new RegExp(
  [..."[sandbox:"].map((letter) => letter.replace("[", "\\[")).join(unseen),
  "giu",
);

/** Characters that have no shape or turn the line around, by their numbers. */
function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}
