import { joined } from "../joined-bytes.ts";
import { takeOptions } from "./options.ts";
import { ToolError, readBytes, said } from "./tool.ts";
import type { Tool, ToolContext } from "./tool.ts";

interface Form {
  readonly bytes: number;
  readonly width: number;
  readonly show: (view: DataView, at: number) => string;
  readonly withText?: boolean;
}

const escapes: Readonly<Record<number, string>> = {
  0: "\\0",
  7: "\\a",
  8: "\\b",
  9: "\\t",
  10: "\\n",
  11: "\\v",
  12: "\\f",
  13: "\\r",
};
const named =
  "nul soh stx etx eot enq ack bel bs ht nl vt ff cr so si dle dc1 dc2 dc3 dc4 nak syn etb can em sub esc fs gs rs us sp".split(
    " ",
  );
const octal3 = (byte: number): string => byte.toString(8).padStart(3, "0");
const isPlain = (byte: number): boolean => byte >= 32 && byte < 127;

function integer(view: DataView, at: number, bytes: number, signed: boolean): bigint {
  let value = 0n;
  for (let place = bytes - 1; place >= 0; place -= 1)
    value = (value << 8n) | BigInt(view.getUint8(at + place));
  return signed ? BigInt.asIntN(bytes * 8, value) : value;
}

const widths: Readonly<Record<string, readonly number[]>> = {
  o: [0, 3, 6, 0, 11, 0, 0, 0, 22],
  x: [0, 2, 4, 0, 8, 0, 0, 0, 16],
  d: [0, 4, 6, 0, 11, 0, 0, 0, 20],
  u: [0, 3, 5, 0, 10, 0, 0, 0, 20],
};

/** A form as `-t` names it: a letter, a size and perhaps `z`. */
function formOf(text: string): Form {
  const [, kind, size = "", text_] = /^([acdfoux])([1248CSIL]?)(z?)$/.exec(text) ?? [];
  if (kind === undefined) throw new ToolError(`invalid type string ‘${text}’`);
  const withText = text_ === "z";
  if (kind === "c") {
    return {
      bytes: 1,
      width: 3,
      withText,
      show: (view, at) => {
        const byte = view.getUint8(at);
        return escapes[byte] ?? (isPlain(byte) ? String.fromCharCode(byte) : octal3(byte));
      },
    };
  }
  if (kind === "a") {
    return {
      bytes: 1,
      width: 3,
      withText,
      show: (view, at) => {
        const byte = view.getUint8(at) & 0x7f;
        return byte === 127 ? "del" : (named[byte] ?? String.fromCharCode(byte));
      },
    };
  }
  const bytes = { C: 1, S: 2, I: 4, L: 8 }[size] ?? (size === "" ? (kind === "f" ? 8 : 4) : Number(size));
  if (kind === "f") {
    return {
      bytes,
      width: bytes === 8 ? 24 : 15,
      withText,
      show: (view, at) =>
        String(bytes === 8 ? view.getFloat64(at, true) : Number(view.getFloat32(at, true).toPrecision(8))),
    };
  }
  const width = widths[kind]![bytes]!;
  const base = { o: 8, x: 16, d: 10, u: 10 }[kind]!;
  return {
    bytes,
    width,
    withText,
    show: (view, at) => {
      const shown = integer(view, at, bytes, kind === "d").toString(base);
      return base === 10 ? shown : shown.padStart(width, "0");
    },
  };
}

/** Options that stand for a form of `-t`. */
const short: Readonly<Record<string, string>> = {
  b: "o1",
  c: "c",
  d: "u2",
  o: "o2",
  x: "x2",
  s: "d2",
  i: "d4",
  l: "d8",
  a: "a",
  f: "f4",
};

async function bytesOfAll(words: readonly string[], context: ToolContext): Promise<Uint8Array> {
  const names = words.length > 0 ? words : ["-"];
  return joined(await Promise.all(names.map((name) => readBytes(name, context))));
}

/** `od [-A BASE] [-t TYPE] [-j SKIP] [-N COUNT] [-w WIDTH] [-v] [-bcdox] [FILE]`. */
export const od: Tool = async (argv, context) => {
  const words = argv.map((word) => word.replace(/^-w$/, "-w32"));
  const given = takeOptions("od", words, "A:t:j:N:w:vbcdoxsilaf", {
    "address-radix": "A:",
    format: "t:",
    "skip-bytes": "j:",
    "read-bytes": "N:",
    width: "w:",
    "output-duplicates": "v",
  });
  const all = await bytesOfAll(given.words, context);
  const skip = given.number("j", 0);
  const bytes = all.subarray(skip, skip + given.number("N", all.length));
  const named = given.all("t").flatMap((text) => text.match(/[acdfoux][1248CSIL]?z?/g) ?? [text]);
  const forms = [
    ...Object.keys(short)
      .filter((key) => given.has(key))
      .map((key) => short[key]!),
    ...named,
  ];
  const kinds = (forms.length > 0 ? forms : ["o2"]).map(formOf);
  const row = given.number("w", 16);
  const base = { d: 10, o: 8, x: 16, n: 0 }[given.last("A") ?? "o"];
  if (base === undefined) throw new ToolError(`invalid output address radix '${given.last("A")}'`);
  const address = (at: number): string =>
    base === 0 ? "" : (skip + at).toString(base).padStart(base === 16 ? 6 : 7, "0");
  // Columns of all forms stand below each other.
  const perByte = Math.max(...kinds.map(({ bytes, width }) => (width + 1) / bytes));
  let text = "";
  let before = "";
  let isRepeated = false;
  for (let at = 0; at < bytes.length; at += row) {
    const piece = bytes.subarray(at, at + row);
    const key = String(piece);
    if (!given.has("v") && key === before && piece.length === row) {
      if (!isRepeated) text += "*\n";
      isRepeated = true;
      continue;
    }
    isRepeated = false;
    before = key;
    kinds.forEach((kind, place) => {
      const padded = new Uint8Array(Math.ceil(piece.length / kind.bytes) * kind.bytes);
      padded.set(piece);
      const view = new DataView(padded.buffer);
      let line = place === 0 ? address(at) : " ".repeat(address(at).length);
      const cell = perByte * kind.bytes;
      for (let from = 0; from < padded.length; from += kind.bytes)
        line += kind.show(view, from).padStart(cell);
      if (kind.withText) {
        const full = address(at).length + cell * (row / kind.bytes);
        line = `${line.padEnd(full)}  >${Array.from(piece, (byte) => (isPlain(byte) ? String.fromCharCode(byte) : ".")).join("")}<`;
      }
      text += `${line}\n`;
    });
  }
  return said(`${text}${base === 0 ? "" : `${address(bytes.length)}\n`}`);
};

/** `hexdump [-C] [-n COUNT] [-s START] [FILE]`. */
export const hexdump: Tool = async (argv, context) => {
  const given = takeOptions("hexdump", argv, "Cn:s:vx", { canonical: "C", length: "n:", skip: "s:" });
  if (argv.some((word) => /^-[edo]/.test(word)))
    throw new ToolError("only -C, -x, -n, -s and -v are supported here; od has other forms");
  const all = await bytesOfAll(given.words, context);
  const skip = given.number("s", 0);
  const bytes = all.subarray(skip, skip + given.number("n", all.length));
  const isCanonical = given.has("C");
  const address = (at: number): string => (skip + at).toString(16).padStart(isCanonical ? 8 : 7, "0");
  let text = "";
  let before = "";
  let isRepeated = false;
  for (let at = 0; at < bytes.length; at += 16) {
    const row = Array.from(bytes.subarray(at, at + 16));
    const key = String(row);
    if (!given.has("v") && key === before && row.length === 16) {
      if (!isRepeated) text += "*\n";
      isRepeated = true;
      continue;
    }
    isRepeated = false;
    before = key;
    text += isCanonical ? canonical(address(at), row) : twos(address(at), row, given.has("x"));
  }
  return said(bytes.length > 0 ? `${text}${address(bytes.length)}\n` : "");
};

function canonical(address: string, row: readonly number[]): string {
  const hex = row
    .map((byte, place) => `${place === 8 ? "  " : " "}${byte.toString(16).padStart(2, "0")}`)
    .join("");
  const shown = row.map((byte) => (isPlain(byte) ? String.fromCharCode(byte) : ".")).join("");
  return `${address} ${hex.padEnd(49)}  |${shown}|\n`;
}

function twos(address: string, row: readonly number[], isWide: boolean): string {
  let line = address;
  for (let at = 0; at < 16; at += 2) {
    const pair = row[at] === undefined ? undefined : row[at]! | ((row[at + 1] ?? 0) << 8);
    line += (pair === undefined ? "    " : pair.toString(16).padStart(4, "0")).padStart(isWide ? 8 : 5);
  }
  return `${line}\n`;
}
