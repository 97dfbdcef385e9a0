/** A part of a result in which the two runtimes may differ. */
export type ComparedField = (typeof comparedFields)[number];

export const comparedFields = [
  "status",
  "exitCode",
  "signal",
  "stdout",
  "stderr",
  "error",
  "value",
  "outputs",
  "files",
] as const;

/** A program as language models write them, and in what its result may differ between a container and here. */
export interface ComparedProgram {
  readonly name: string;
  readonly language: string;
  readonly code: string;
  readonly stdin?: string;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly memoryBytes?: number;
  /** Fields that differ, with the reason; each must really differ. */
  readonly differs: ReadonlyMap<ComparedField, string>;
  /** Words that standard error, standard output or the error must have here. */
  readonly says: readonly string[];
}

/**
 * Reads a Markdown sheet: a second-level heading and a fenced block for each program, with a list of its options:
 * `stdin` (a JSON string without its quotes), `argv` and `env` (JSON), `timeout` (ms), `memory` (bytes), `differs in`
 * (fields, or `everything`, and the reason), `says` (words that it must say here).
 */
export function readPrograms(sheet: string): readonly ComparedProgram[] {
  return sheet
    .split(/^## /m)
    .slice(1)
    .map((section) => readProgram(section));
}

function readProgram(section: string): ComparedProgram {
  const name = section.slice(0, section.indexOf("\n")).trim();
  const [, language, code] = /^```(\w+)\n(.*?)^```$/ms.exec(section) ?? [];
  if (!language || !code) throw new Error(`"${name}" has no code.`);
  const before = section.slice(0, section.indexOf("```"));
  const differs = new Map<ComparedField, string>();
  const says: string[] = [];
  const options: Record<string, unknown> = {};
  for (const [, key = "", value = ""] of before.matchAll(/^- ([a-z]+)(?: in)?:? (.*)$/gm)) {
    if (key === "differs") {
      const [fields = "", reason = ""] = value.split(/: (.*)/s);
      if (!reason) throw new Error(`"${name}" differs for no reason.`);
      for (const field of fieldsOf(fields)) differs.set(field, reason);
    } else if (key === "says") says.push(value);
    else if (key === "stdin") options["stdin"] = JSON.parse(`"${value}"`);
    else if (key === "argv" || key === "env") options[key] = JSON.parse(value);
    else if (key === "timeout") options["timeoutMs"] = Number(value);
    else if (key === "memory") options["memoryBytes"] = Number(value);
    else throw new Error(`"${name}" has an unknown option ${key}.`);
  }
  return { name, language, code, ...options, differs, says };
}

function fieldsOf(text: string): readonly ComparedField[] {
  if (text === "everything") return comparedFields;
  const fields = text.split(", ");
  const unknown = fields.find((field) => !comparedFields.includes(field as ComparedField));
  if (unknown !== undefined) throw new Error(`There is no ${unknown} in a result.`);
  return fields as ComparedField[];
}
