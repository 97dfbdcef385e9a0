import { takeOptions } from "./options.ts";
import { readBytes, said, saidBytes, textOf } from "./tool.ts";
import type { Tool } from "./tool.ts";

const plainText = (byte: number): string => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".");

/** `xxd [-p] [-r] [-b] [-i] [-u] [-c COLUMNS] [-g GROUP] [-l LENGTH] [-s START] [FILE [OUTPUT]]`. */
export const xxd: Tool = async (argv, context) => {
  const words = argv.map((word) =>
    word.replace(/^-(?:plain|ps|postscript)$/, "-p").replace(/^-(?:cols)$/, "-c"),
  );
  const given = takeOptions("xxd", words, "prbiueac:g:l:s:o:", { len: "l:", length: "l:" });
  const name = given.words[0] ?? "-";
  const all = await readBytes(name, context);
  if (given.has("r")) {
    const bytes = given.has("p") ? plainBytes(textOf(all)) : dumpedBytes(textOf(all));
    return saidBytes(bytes);
  }
  const start = given.number("s", 0);
  const from = start < 0 ? Math.max(0, all.length + start) : start;
  const bytes = all.subarray(from, from + given.number("l", all.length));
  const hex = (byte: number): string => {
    const text = byte.toString(16).padStart(2, "0");
    return given.has("u") ? text.toUpperCase() : text;
  };
  if (given.has("i")) return said(asC(bytes, name, hex));
  if (given.has("p")) {
    const digits = Array.from(bytes, hex).join("");
    const wide = 2 * given.number("c", 30);
    return said(digits.replaceAll(new RegExp(`.{1,${wide}}`, "g"), "$&\n"));
  }
  const shown = given.has("b") ? (byte: number) => byte.toString(2).padStart(8, "0") : hex;
  const columns = given.number("c", given.has("b") ? 6 : 16);
  const group = given.number("g", given.has("b") ? 1 : 2) || columns;
  const width = columns * (given.has("b") ? 8 : 2) + Math.ceil(columns / group) - 1;
  let text = "";
  for (let at = 0; at < bytes.length; at += columns) {
    const row = Array.from(bytes.subarray(at, at + columns));
    const places = row
      .map((byte, place) => (place > 0 && place % group === 0 ? " " : "") + shown(byte))
      .join("");
    const offset = (from + at + given.number("o", 0)).toString(16).padStart(8, "0");
    text += `${offset}: ${places.padEnd(width)}  ${row.map(plainText).join("")}\n`;
  }
  return said(text);
};

function plainBytes(text: string): Uint8Array {
  const digits = text.replaceAll(/[^0-9a-fA-F]/g, "");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function dumpedBytes(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const line of text.split("\n")) {
    const [, offset, rest] = /^([0-9a-fA-F]+):\s?(.*)$/.exec(line) ?? [];
    if (offset === undefined) continue;
    const digits = rest!.split(/ {2}/)[0]!.replaceAll(" ", "");
    (digits.match(/[0-9a-fA-F]{2}/g) ?? []).forEach((pair, at) => {
      bytes[Number.parseInt(offset, 16) + at] = Number.parseInt(pair, 16);
    });
  }
  return Uint8Array.from({ length: bytes.length }, (_, at) => bytes[at] ?? 0);
}

function asC(bytes: Uint8Array, name: string, hex: (byte: number) => string): string {
  const values = Array.from(bytes, (byte) => `0x${hex(byte)}`);
  let rows = "";
  for (let at = 0; at < values.length; at += 12) {
    rows += `  ${values.slice(at, at + 12).join(", ")}${at + 12 < values.length ? "," : ""}\n`;
  }
  if (name === "-") return rows;
  const variable = name.replaceAll(/\W/g, "_").replace(/^(?=\d)/, "__");
  return `unsigned char ${variable}[] = {\n${rows}};\nunsigned int ${variable}_len = ${bytes.length};\n`;
}
