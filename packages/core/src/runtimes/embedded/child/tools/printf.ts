import { escapeLetters } from "./escape-letters.ts";
import { sprintf } from "./awk-values.ts";
import { formatDate } from "./date.ts";
import { byteString, bytesOf, encoded, saidBytes } from "./tool.ts";
import type { Tool, ToolContext } from "./tool.ts";
import { Zone } from "./zone.ts";

const letters: Readonly<Record<string, string>> = {
  ...escapeLetters,
  e: "\x1b",
  E: "\x1b",
  '"': '"',
  "'": "'",
};
const bytesIn = (text: string): string => byteString(encoded(text));

/** Escapes as bytes; `\c` ends everything. `isWord`: as `%b` has them, whose octal numbers begin with a zero. */
function unescaped(text: string, isWord: boolean): { bytes: string; isOver: boolean } {
  let bytes = "";
  const octal = isWord ? "0?[0-7]{1,3}" : "[0-7]{1,3}";
  const pattern = new RegExp(
    `\\\\(?:(${octal})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([^]))|([^\\\\]+|\\\\$)`,
    "g",
  );
  for (const [all, digits, hex, short, long, letter, plain] of text.matchAll(pattern)) {
    if (digits !== undefined) bytes += String.fromCharCode(Number.parseInt(digits, 8) & 0xff);
    else if (hex !== undefined) bytes += String.fromCharCode(Number.parseInt(hex, 16));
    else if (short !== undefined || long !== undefined)
      bytes += bytesIn(String.fromCodePoint(Number.parseInt(short ?? long!, 16)));
    else if (letter === "c" && isWord) return { bytes, isOver: true };
    else bytes += letter === undefined ? bytesIn(plain!) : (letters[letter] ?? bytesIn(all));
  }
  return { bytes, isOver: false };
}

/** A text so that a shell reads it as one word, as bash writes it. */
export function quoted(text: string): string {
  if (text === "") return "''";
  if (/[\0-\x1f\x7f]/.test(text)) {
    const names: Readonly<Record<string, string>> = {
      "\n": "\\n",
      "\t": "\\t",
      "\r": "\\r",
      "\x07": "\\a",
      "\b": "\\b",
      "\f": "\\f",
      "\v": "\\v",
      "\x1b": "\\E",
    };
    return `$'${text.replaceAll(/[\\'\0-\x1f\x7f]/g, (letter) => names[letter] ?? (/[\\']/.test(letter) ? `\\${letter}` : `\\${letter.charCodeAt(0).toString(8).padStart(3, "0")}`))}'`;
  }
  return text.replaceAll(/[ !"$&'()*,;<>?[\\\]^`{|}]|^[~#]/g, "\\$&");
}

/** `printf [-v NAME] FORMAT [WORD…]`: the format again as long as there are words. */
export const printf: Tool = async (argv, context) => {
  const words = [...argv];
  let name: string | undefined;
  if (words[0] === "-v") [, name] = words.splice(0, 2);
  if (words[0] === "--") words.shift();
  const format = words.shift();
  if (format === undefined)
    return { stdout: "", stderr: "bash: printf: usage: printf [-v var] format [arguments]\n", exitCode: 2 };
  const printer = new Printer(words, context);
  printer.print(format);
  if (name === undefined) return saidBytes(bytesOf(printer.bytes), printer.stderr, printer.exitCode);
  const text = new TextDecoder().decode(bytesOf(printer.bytes));
  const [, variable = name, subscript] = /^(\w+)\[(.*)\]$/.exec(name) ?? [];
  const { assignShellVariable } = context as unknown as {
    assignShellVariable?: (...given: unknown[]) => Promise<void>;
  };
  await assignShellVariable?.(variable, text, ...(subscript === undefined ? [] : [subscript]));
  return { stdout: "", stderr: printer.stderr, exitCode: printer.exitCode };
};

class Printer {
  readonly #words: string[];
  readonly #context: ToolContext;
  bytes = "";
  stderr = "";
  exitCode = 0;
  #isOver = false;

  constructor(words: string[], context: ToolContext) {
    this.#words = words;
    this.#context = context;
  }

  print(format: string): void {
    const parts =
      format.match(
        /%(?:%|[-+ #0']*(?:\*|\d+)?(?:\.(?:\*|\d*))?(?:\([^)]*\)T|hh|h|ll|l|L|q|j|z|t)?[^\sa-zA-Z]?[a-zA-Z]?)|[^%]+|%/g,
      ) ?? [];
    do {
      const before = this.#words.length;
      for (const part of parts) {
        this.#part(part);
        if (this.#isOver) return;
      }
      if (this.#words.length === before) return;
    } while (this.#words.length > 0);
  }

  #part(part: string): void {
    if (!part.startsWith("%")) {
      this.bytes += unescaped(part, false).bytes;
      return;
    }
    if (part === "%%") {
      this.bytes += "%";
      return;
    }
    const [all, flags = "", width = "", precision, time, kind = ""] =
      /^%([-+ #0']*)(\*|\d+)?(?:\.(\*|\d*))?(?:\(([^)]*)\)T|(?:hh|h|ll|l|L|j|z|t)?([a-zA-Z%]))/.exec(part) ??
      [];
    if (all === undefined) {
      const [, odd = "%"] = /^%[-+ #0'\d.*]*(.)/.exec(part) ?? [];
      this.stderr += `bash: printf: \`${odd}': invalid format character\n`;
      this.exitCode = 1;
      this.#isOver = true;
      return;
    }
    const rest = part.slice(all.length);
    const size = width === "*" ? this.#integer() : Number(width || 0);
    const places =
      precision === undefined ? undefined : precision === "*" ? this.#integer() : Number(precision || 0);
    this.#value(kind, time, flags, size, places);
    if (rest) this.#part(rest);
  }

  #value(
    kind: string,
    time: string | undefined,
    flags: string,
    size: number,
    places: number | undefined,
  ): void {
    const spec = `%${flags}${size === 0 ? "" : Math.abs(size)}${places === undefined ? "" : `.${places}`}`;
    const left = size < 0 ? spec.replace("%", "%-") : spec;
    const wide = (text: string): void => {
      const shown = places === undefined ? text : [...text].slice(0, places).join("");
      const gap = " ".repeat(Math.max(0, Math.abs(size) - [...shown].length));
      this.bytes += bytesIn(flags.includes("-") || size < 0 ? shown + gap : gap + shown);
    };
    if (time !== undefined) {
      const word = this.#words.shift();
      const moment =
        word === undefined || word === "-1" || word === "-2" ? Math.floor(Date.now() / 1_000) : Number(word);
      return wide(formatDate(time || "%H:%M:%S", moment, 0, new Zone(this.#context.env.get("TZ") ?? "UTC")));
    }
    if (kind === "s") return wide(this.#words.shift() ?? "");
    if (kind === "q") return wide(quoted(this.#words.shift() ?? ""));
    if (kind === "c") return wide([...(this.#words.shift() ?? "")][0] ?? "");
    if (kind === "b") {
      const { bytes, isOver } = unescaped(this.#words.shift() ?? "", true);
      const gap = " ".repeat(Math.max(0, Math.abs(size) - bytes.length));
      this.bytes += flags.includes("-") || size < 0 ? bytes + gap : gap + bytes;
      this.#isOver = isOver;
      return;
    }
    if (/[diouxX]/.test(kind)) {
      const value = this.#integerText(kind);
      const number = Number(value);
      this.bytes += Number.isSafeInteger(number)
        ? sprintf(left + kind, [number])
        : big(value, kind, size, flags);
      return;
    }
    if (/[eEfFgGaA]/.test(kind)) {
      this.bytes += sprintf(left + kind, [this.#number()]);
      return;
    }
    this.stderr += `bash: printf: \`${kind}': invalid format character\n`;
    this.exitCode = 1;
    this.#isOver = true;
  }

  #complain(word: string): void {
    this.stderr += `bash: printf: ${word}: invalid number\n`;
    this.exitCode = 1;
  }

  #integer(): number {
    return Number(this.#integerText("d"));
  }

  #integerText(kind: string): bigint {
    const word = this.#words.shift() ?? "0";
    if (/^["']/.test(word)) return BigInt(word.codePointAt(1) ?? 0);
    const [, sign = "", digits = "", rest = ""] = /^\s*([-+]?)(0[xX][0-9a-fA-F]+|\d+|)(.*)$/s.exec(word)!;
    if ((digits === "" && word !== "") || rest !== "") this.#complain(word);
    const isOctal = /^0\d+$/.test(digits);
    if (isOctal && /[89]/.test(digits)) {
      this.#complain(word);
      return 0n;
    }
    const value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits || "0");
    const signed = sign === "-" ? -value : value;
    return /[di]/.test(kind) ? BigInt.asIntN(64, signed) : BigInt.asUintN(64, signed);
  }

  #number(): number {
    const word = this.#words.shift() ?? "0";
    if (/^["']/.test(word)) return word.codePointAt(1) ?? 0;
    if (/^\s*[-+]?0[xX][0-9a-fA-F]+$/.test(word)) return Number(word);
    const [, digits, rest = ""] =
      /^\s*([-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf(?:inity)?|nan))?(.*)$/is.exec(word)!;
    if ((digits === undefined && word !== "") || rest !== "") this.#complain(word);
    if (digits !== undefined && /inf|nan/i.test(digits))
      return /nan/i.test(digits) ? Number.NaN : digits.startsWith("-") ? -Infinity : Infinity;
    return Number(digits ?? 0);
  }
}

function big(value: bigint, kind: string, size: number, flags: string): string {
  const base = kind === "o" ? 8 : /x/i.test(kind) ? 16 : 10;
  const text = value.toString(base);
  const shown = kind === "X" ? text.toUpperCase() : text;
  return flags.includes("-") ? shown.padEnd(size) : shown.padStart(size, flags.includes("0") ? "0" : " ");
}
