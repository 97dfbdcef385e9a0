import { extname } from "node:path";
import { languages } from "@llm-sandbox/core";
import { UsageError } from "./usage-error.ts";

/** The language asked for, else the one the file's extension tells; Python for code without a file. */
export function languageOf(file: string | undefined, asked: string | undefined): string {
  if (asked !== undefined) {
    const known = languages.find(({ name, aliases }) => [name, ...aliases].includes(asked.toLowerCase()));
    if (known === undefined) throw new UsageError(`Unknown language "${asked}". Known: ${languageNames()}.`);
    return known.name;
  }
  if (file === undefined) return "python";
  const extension = extname(file).toLowerCase();
  const known = languages.find(({ extensions }) => extensions.includes(extension));
  if (known === undefined) {
    throw new UsageError(
      `The extension "${extension}" of ${file} tells no language: add --lang with one of ${languageNames()}.`,
    );
  }
  return known.name;
}

/** The known languages in one line. */
export function languageNames(): string {
  return languages.map(({ name }) => name).join(", ");
}
