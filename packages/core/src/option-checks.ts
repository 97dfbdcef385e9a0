import { SandboxError } from "./errors.ts";

/** An `INVALID_OPTION`. */
export function invalid(message: string, remedy = "Correct the option."): SandboxError {
  return new SandboxError("INVALID_OPTION", message, { remedy });
}

/** A value that was refused, short enough for a message, whatever it is. */
export function shown(value: unknown): string {
  if (typeof value === "string")
    return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value) ? "an array" : "an object";
}

/** Throws `INVALID_OPTION` unless the options are an object. */
export function checkObject(owner: string, options: unknown): void {
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return;
  throw invalid(`The options of ${owner} are not an object.`);
}

/** Throws for an option that is not known, so that a misspelt limit is never silently no limit. */
export function checkKnown(owner: string, options: object, known: readonly string[]): void {
  checkObject(owner, options);
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw invalid(`${owner} has no option ${JSON.stringify(name)}.`, `It has: ${known.join(", ")}.`);
  }
}

/** Throws unless the option is absent or of the type. */
export function checkOptional(options: object, name: string, type: "boolean" | "function" | "string"): void {
  const value = (options as Record<string, unknown>)[name];
  if (value !== undefined && typeof value !== type) throw invalid(`${name} is not a ${type}.`);
}

export interface NumberBounds {
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
}

/** Throws unless it is a number within the bounds; NaN, Infinity and strings are none. */
export function checkNumber(name: string, value: unknown, bounds: NumberBounds): void {
  const { least, most, whole = false } = bounds;
  const fits =
    typeof value === "number" && value >= least && value <= most && (!whole || Number.isInteger(value));
  if (fits) return;
  const kind = whole ? "a whole number" : "a number";
  throw invalid(`${name} is ${shown(value)}.`, `Pass ${kind} from ${least} to ${most}.`);
}

/** Throws unless it is an AbortSignal or absent. */
export function checkSignal(signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw invalid("signal is not an AbortSignal.");
}

/** Throws `INVALID_OPTION` unless it can be a path of this machine. */
export function checkHostPath(path: unknown): void {
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return;
  throw invalid("The path on this machine is not a path.");
}
