import { findLanguage, languageOfFile, languages } from "@llm-sandbox/core";
import { UsageError } from "./usage-error.ts";

/** The language asked for, else the one the file's extension tells; Python for code without a file. */
export function languageOf(file: string | undefined, asked: string | undefined): string {
  if (asked !== undefined) return findLanguage(asked).name;
  if (file === undefined) return "python";
  const known = languageOfFile(file);
  if (known === undefined) {
    throw new UsageError(`The name of ${file} tells no language: add --lang with one of ${languageNames()}.`);
  }
  return known.name;
}

/** The known languages in one line. */
export function languageNames(): string {
  return languages.map(({ name }) => name).join(", ");
}
