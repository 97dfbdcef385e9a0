import { takeOptions } from "./options.ts";
import { ToolError, linesOf, readText, said } from "./tool.ts";
import type { Tool } from "./tool.ts";

function numberOf(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) {
    throw new ToolError(`invalid floating point argument: ‘${text}’\nTry 'seq --help' for more information.`);
  }
  return value;
}

const decimalsOf = (text: string): number => (/e/i.test(text) ? 0 : (text.split(".")[1] ?? "").length);

/** One of `%f`, `%g`, `%e` with its width and precision. */
function formatted(format: string, value: number): string {
  return format.replaceAll(
    /%([-0+ #]*)(\d*)(?:\.(\d+))?([fgeFGE])|%%/g,
    (all, flags = "", width = "", precision, kind) => {
      if (all === "%%") return "%";
      const places = precision === undefined ? 6 : Number(precision);
      const shown = /f/i.test(kind)
        ? value.toFixed(places)
        : /e/i.test(kind)
          ? value.toExponential(places).replace(/e([+-])(\d)$/, "e$10$2")
          : String(Number(value.toPrecision(places || 1)));
      const signed = flags.includes("+") && value >= 0 ? `+${shown}` : shown;
      if (flags.includes("-")) return signed.padEnd(Number(width));
      const sign = flags.includes("0") ? (/^[-+]/.exec(signed)?.[0] ?? "") : "";
      return (
        sign +
        signed.slice(sign.length).padStart(Number(width) - sign.length, flags.includes("0") ? "0" : " ")
      );
    },
  );
}

/** `seq [-w] [-s SEPARATOR] [-f FORMAT] [FIRST [STEP]] LAST`. */
export const seq: Tool = (argv) => {
  // A negative number is no option.
  const words = argv.map((word) => (/^-[\d.]/.test(word) ? `\0${word}` : word));
  const given = takeOptions("seq", words, "ws:f:", { "equal-width": "w", separator: "s:", format: "f:" });
  const numbers = given.words.map((word) => word.replace("\0", ""));
  if (numbers.length === 0) throw new ToolError("missing operand\nTry 'seq --help' for more information.");
  const [first, step, last] =
    numbers.length === 1
      ? ["1", "1", numbers[0]!]
      : numbers.length === 2
        ? [numbers[0]!, "1", numbers[1]!]
        : (numbers as [string, string, string]);
  const [from, by, to] = [numberOf(first), numberOf(step), numberOf(last)];
  if (by === 0)
    throw new ToolError(`invalid Zero increment value: ‘${step}’\nTry 'seq --help' for more information.`);
  const decimals = Math.max(decimalsOf(first), decimalsOf(step));
  const scale = 10 ** Math.max(decimals, decimalsOf(last));
  const count = Math.floor((Math.round(to * scale) - Math.round(from * scale)) / Math.round(by * scale));
  const format = given.last("f");
  const values: string[] = [];
  const width = given.has("w")
    ? Math.max(
        from.toFixed(decimals).length,
        (from + count * by).toFixed(decimals).length,
        to.toFixed(decimals).length,
      )
    : 0;
  for (let at = 0; at <= count; at += 1) {
    const value = (Math.round(from * scale) + at * Math.round(by * scale)) / scale;
    if (format !== undefined) values.push(formatted(format, value));
    else {
      const text = value.toFixed(decimals);
      const sign = text.startsWith("-") ? "-" : "";
      values.push(sign + text.slice(sign.length).padStart(width - sign.length, "0"));
    }
  }
  const separator = given.last("s") ?? "\n";
  return said(values.length > 0 ? `${values.join(separator)}\n` : "");
};

/** A whole number below the limit, each as likely. */
function chance(limit: number): number {
  const [value] = crypto.getRandomValues(new Uint32Array(1));
  return Math.floor((value! / 2 ** 32) * limit);
}

/** `shuf [-n COUNT] [-r] [-e WORD… | -i FROM-TO | FILE]`. */
export const shuf: Tool = async (argv, context) => {
  const given = takeOptions("shuf", argv, "n:rei:zo:", {
    "head-count": "n:",
    repeat: "r",
    echo: "e",
    "input-range": "i:",
    "zero-terminated": "z",
    output: "o:",
    "random-source": "random-source:",
  });
  const end = given.has("z") ? "\0" : "\n";
  const range = given.last("i");
  let lines: string[];
  if (range !== undefined) {
    const [, from, to] = /^(\d+)-(\d+)$/.exec(range) ?? [];
    if (from === undefined) throw new ToolError(`invalid input range: ‘${range}’`);
    lines = Array.from({ length: Math.max(0, Number(to) - Number(from) + 1) }, (_, at) =>
      String(Number(from) + at),
    );
  } else
    lines = given.has("e") ? [...given.words] : linesOf(await readText(given.words[0] ?? "-", context), end);
  const most = given.number("n", given.has("r") ? lines.length : lines.length);
  let chosen: string[];
  if (given.has("r"))
    chosen = lines.length === 0 ? [] : Array.from({ length: most }, () => lines[chance(lines.length)]!);
  else {
    for (let at = lines.length - 1; at > 0; at -= 1) {
      const other = chance(at + 1);
      [lines[at], lines[other]] = [lines[other]!, lines[at]!];
    }
    chosen = lines.slice(0, most);
  }
  const text = chosen.map((line) => line + end).join("");
  const output = given.last("o");
  if (output === undefined) return said(text);
  await context.fs.writeFile(context.fs.resolvePath(context.cwd, output), text);
  return said("");
};
