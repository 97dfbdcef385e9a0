/** One argument of a tool: what the model's schema says of it and what is checked are made from this. */
export interface Argument {
  readonly name: string;
  readonly description: string;
  readonly kind: "text" | "number" | "flag" | "choice";
  readonly required?: boolean;
  /** Of a text: may it be empty? */
  readonly mayBeEmpty?: boolean;
  /** Of a text, in characters; of a number, its bounds. */
  readonly least?: number;
  readonly most?: number;
  /** Of a choice: what the schema offers, and what else people write for it. */
  readonly choices?: readonly string[];
  readonly resolve?: (text: string) => string | undefined;
}

/** A JSON schema of an object, as every framework takes it. */
export interface ToolSchema {
  readonly type: "object";
  readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly required: readonly string[];
  readonly additionalProperties: false;
  readonly [key: string]: unknown;
}

/** What a model sent, understood; or why not, in words for the model. */
export type ReadArguments =
  | {
      readonly values: Readonly<Record<string, string | number | boolean>>;
      readonly notes: readonly string[];
    }
  | { readonly problem: string };

/** The schema that the model is given. */
export function schemaOf(known: readonly Argument[]): ToolSchema {
  return {
    type: "object",
    properties: Object.fromEntries(known.map((argument) => [argument.name, property(argument)])),
    required: known.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: false,
  };
}

/**
 * Reads what a model sent, which may be anything. What is meant beyond doubt is taken (a number as text, null for an
 * argument left out, an object as JSON text); everything else is refused with what would be right.
 */
export function readArguments(known: readonly Argument[], input: unknown): ReadArguments {
  const object = asObject(input);
  if (!object) return { problem: `The arguments are not a JSON object. ${usage(known)}` };
  const values: Record<string, string | number | boolean> = {};
  for (const argument of known) {
    const value = object[argument.name];
    if (value === undefined || value === null) {
      if (argument.required)
        return { problem: `The argument "${argument.name}" is missing. ${usage(known)}` };
      continue;
    }
    const read = readers[argument.kind](argument, value);
    if ("problem" in read) return { problem: `The argument "${argument.name}" ${read.problem}` };
    values[argument.name] = read.value;
  }
  const unknown = Object.keys(object).filter((name) => !known.some((argument) => argument.name === name));
  const names = unknown.slice(0, 5).map((name) => JSON.stringify(name.toWellFormed().slice(0, 40)));
  const notes = names.length === 0 ? [] : [`This tool has no argument ${names.join(", ")}; ignored.`];
  return { values, notes };
}

type Read = { readonly value: string | number | boolean } | { readonly problem: string };

const readers: Readonly<Record<Argument["kind"], (argument: Argument, value: unknown) => Read>> = {
  text({ mayBeEmpty = false, most = Number.POSITIVE_INFINITY }, value) {
    if (typeof value !== "string") return { problem: `is ${kindOf(value)}; pass a string.` };
    if (!mayBeEmpty && value.trim() === "") return { problem: "is empty." };
    if (value.includes("\0")) return { problem: "holds a NUL character; write it as an escape." };
    if (value.length > most) {
      const [has, fits] = [value.length, most].map((count) => count.toLocaleString("en"));
      return {
        problem: `has ${has} characters; at most ${fits} fit. Split it, and keep large data in files.`,
      };
    }
    return { value: value.toWellFormed() };
  },
  number({ least = 0, most = Number.MAX_SAFE_INTEGER }, value) {
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (typeof number !== "number" || !Number.isFinite(number)) {
      return { problem: `is ${kindOf(value)}; pass a number.` };
    }
    if (number < least) return { problem: `is ${number}; pass at least ${least}.` };
    if (!Number.isInteger(number)) return { problem: `is ${number}; pass a whole number.` };
    return { value: Math.min(number, most) };
  },
  flag(_, value) {
    if (value === "true" || value === "false") return { value: value === "true" };
    return typeof value === "boolean" ? { value } : { problem: `is ${kindOf(value)}; pass true or false.` };
  },
  choice({ choices = [], resolve }, value) {
    const found = typeof value === "string" ? resolve?.(value.trim()) : undefined;
    if (found !== undefined && choices.includes(found)) return { value: found };
    const shown =
      typeof value === "string" ? JSON.stringify(value.toWellFormed().slice(0, 40)) : kindOf(value);
    return { problem: `is ${shown}; this tool has ${choices.join(", ")}.` };
  },
};

function property(argument: Argument): Readonly<Record<string, unknown>> {
  const { kind, description, choices, least, most } = argument;
  if (kind === "choice") return { type: "string", enum: [...choices!], description };
  if (kind === "flag") return { type: "boolean", description };
  if (kind === "text") return { type: "string", description };
  return {
    type: "integer",
    description,
    ...(least === undefined ? {} : { minimum: least }),
    ...(most === undefined ? {} : { maximum: most }),
  };
}

function asObject(input: unknown): Readonly<Record<string, unknown>> | undefined {
  let value = input;
  if (typeof value === "string") {
    try {
      value = JSON.parse(value);
    } catch {
      return undefined;
    }
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return value as Readonly<Record<string, unknown>>;
}

function usage(known: readonly Argument[]): string {
  const parts = known.map(({ name, kind, required, choices }) => {
    const type =
      kind === "choice" ? choices!.map((choice) => JSON.stringify(choice)).join(" or ") : typeNames[kind];
    return `"${name}"${required ? "" : " (optional)"}: ${type}`;
  });
  return `Pass an object with ${parts.join(", ")}.`;
}

const typeNames = { text: "a string", number: "a number", flag: "true or false" } as const;

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (value === null) return "null";
  if (typeof value === "object") return "an object";
  if (typeof value === "string") return value.trim() === "" ? "an empty string" : "a string";
  return `the ${typeof value} ${String(value)}`;
}
