import { ToolError } from "./tool.ts";

/** What was given on a command line. */
export class Given {
  readonly #values = new Map<string, string[]>();
  readonly words: string[] = [];

  add(key: string, value: string): void {
    this.#values.set(key, [...(this.#values.get(key) ?? []), value]);
  }
  has(...keys: readonly string[]): boolean {
    return keys.some((key) => this.#values.has(key));
  }
  last(key: string): string | undefined {
    return this.#values.get(key)?.at(-1);
  }
  all(key: string): readonly string[] {
    return this.#values.get(key) ?? [];
  }
  /** The last value as a number; throws a ToolError if it is none. */
  number(key: string, otherwise: number): number {
    const text = this.last(key);
    if (text === undefined) return otherwise;
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value)) throw new ToolError(`invalid number '${text}'`);
    return value;
  }
}

/**
 * Options as GNU's commands take them. `short` has a letter each, with a colon after those that have a value; `long` has
 * the letter or name that stands for a long one, with a colon for a value and a question mark for one that may be left out.
 */
export function takeOptions(
  name: string,
  argv: readonly string[],
  short: string,
  long: Readonly<Record<string, string>> = {},
  exitCode = 1,
): Given {
  const given = new Given();
  const rest = [...argv];
  const refuse = (what: string): ToolError =>
    new ToolError(`${what}\nTry '${name} --help' for more information.`, exitCode);
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") given.words.push(...rest.splice(0));
    else if (word.startsWith("--")) {
      const [, key = "", , value] = /^--([^=]*)(=([^]*))?$/.exec(word)!;
      const names = Object.keys(long).filter((known) => known.startsWith(key));
      const known = long[key] ?? (names.length === 1 ? long[names[0]!] : undefined);
      if (known === undefined) throw refuse(`unrecognized option '${word}'`);
      const plain = known.replace(/[:?]$/, "");
      if (known.endsWith(":")) {
        const taken = value ?? rest.shift();
        if (taken === undefined) throw refuse(`option '--${key}' requires an argument`);
        given.add(plain, taken);
      } else given.add(plain, value ?? "");
    } else if (word.startsWith("-") && word !== "-") {
      for (let at = 1; at < word.length; at += 1) {
        const letter = word[at]!;
        const place = letter === ":" ? -1 : short.indexOf(letter);
        if (place < 0) throw refuse(`invalid option -- '${letter}'`);
        if (short[place + 1] !== ":") {
          given.add(letter, "");
          continue;
        }
        const taken = word.slice(at + 1) || rest.shift();
        if (taken === undefined) throw refuse(`option requires an argument -- '${letter}'`);
        given.add(letter, taken);
        break;
      }
    } else given.words.push(word);
  }
  return given;
}
