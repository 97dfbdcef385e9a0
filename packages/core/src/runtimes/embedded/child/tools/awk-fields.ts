import { isTrue } from "./awk-values.ts";
import type { Value } from "./awk-values.ts";
import type { AwkVariables } from "./awk-variables.ts";

/** A text in parts, and what was between each two of them. */
export interface AwkParts {
  readonly parts: readonly string[];
  readonly between: readonly string[];
}

/** Splits a text at a separator, as `FS` is one: a blank stands for any white space, and nothing for each letter. */
export function splitFields(text: string, separator: Value | RegExp, variables: AwkVariables): AwkParts {
  if (text === "") return { parts: [], between: [] };
  const by = separator instanceof RegExp ? separator : variables.text(separator);
  if (by === " ") {
    const trimmed = text.replaceAll(/^[ \t\n]+|[ \t\n]+$/g, "");
    return trimmed === ""
      ? { parts: [], between: [] }
      : { parts: trimmed.split(/[ \t\n]+/), between: trimmed.match(/[ \t\n]+/g) ?? [] };
  }
  if (by === "") return { parts: [...text], between: [] };
  const isPlain = typeof by === "string" && by.length === 1 && by !== "\\";
  const lines = variables.RS === "" && separator === variables.FS ? "|\\n" : "";
  const ignoresCase = isTrue(variables.IGNORECASE);
  if (isPlain && !lines && !ignoresCase) return { parts: text.split(by), between: [] };
  const source =
    typeof by !== "string"
      ? by.source
      : isPlain
        ? /\w|\s/.test(by)
          ? by
          : `\\${by}`
        : variables.regex(by).source;
  const parts: string[] = [];
  const between: string[] = [];
  let from = 0;
  for (const match of text.matchAll(new RegExp(`(?:${source})${lines}`, ignoresCase ? "gis" : "gs"))) {
    if (match[0] === "") continue;
    parts.push(text.slice(from, match.index));
    between.push(match[0]);
    from = match.index + match[0].length;
  }
  return { parts: [...parts, text.slice(from)], between };
}

/** The fields that `FPAT` fits, each by the longest of its alternatives. */
export function fittingFields(text: string, source: string, variables: AwkVariables): string[] {
  const patterns = source
    .split(/(?<=\))\|(?=\()/)
    .map((one) => new RegExp(variables.regex(one).source, "ys"));
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    const lengths = patterns.map(
      (pattern) => ((pattern.lastIndex = at), pattern.exec(text)?.[0].length ?? 0),
    );
    const longest = Math.max(...lengths);
    if (longest > 0) parts.push(text.slice(at, at + longest));
    at += Math.max(1, longest);
  }
  return parts;
}
