import { SandboxError } from "../errors.ts";
import type { Language } from "../language.ts";
import { bash } from "./bash/index.ts";
import { cpp } from "./cpp/index.ts";
import { go } from "./go/index.ts";
import { java } from "./java/index.ts";
import { javascript } from "./javascript/index.ts";
import { python } from "./python/index.ts";
import { ruby } from "./ruby/index.ts";
import { typescript } from "./typescript/index.ts";

/** Every language that is known, the interpreted ones first. */
export const languages: readonly Language[] = [python, javascript, typescript, bash, java, cpp, go, ruby];

/** The language of that name or alias in any case; throws `UNKNOWN_LANGUAGE` with the known ones otherwise. */
export function findLanguage(name: string): Language {
  const wanted = typeof name === "string" ? name.toLowerCase() : name;
  const found = languages.find((language) => language.name === wanted || language.aliases.includes(wanted));
  if (found) return found;
  const known = languages.map((language) => language.name).join(", ");
  throw new SandboxError("UNKNOWN_LANGUAGE", `There is no language ${describe(name)}.`, {
    remedy: `Known languages: ${known}.`,
    details: { language: describe(name) },
  });
}

/** The language of a file by its extension, or undefined: `plot.py` is Python. */
export function languageOfFile(name: string): Language | undefined {
  const lower = name.toLowerCase();
  return languages.find((language) => language.extensions.some((extension) => lower.endsWith(extension)));
}

// A model may have chosen the name: keep a message short and printable.
function describe(name: unknown): string {
  const text = typeof name === "string" ? name : String(name);
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
