/** A text from outside that may be a number: it is compared as one if it looks like one. */
export class Input {
  readonly text: string;
  #number: number | undefined | null = null;

  constructor(text: string) {
    this.text = text;
  }
  /** Undefined when it does not look like a number. */
  get number(): number | undefined {
    if (this.#number === null) this.#number = looksNumeric.test(this.text) ? Number(this.text) : undefined;
    return this.#number;
  }
}

export type Value = number | string | Input | undefined;
/** An array of `awk`. */
export type Table = Map<string, Value>;

const looksNumeric = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/;
const leading = /^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)/;

export function toNumber(value: Value): number {
  if (typeof value === "number") return value;
  if (value === undefined) return 0;
  if (typeof value !== "string") return value.number ?? toNumber(value.text);
  return Number(leading.exec(value)?.[1] ?? 0);
}

export function toText(value: Value, format = "%.6g"): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "";
  if (typeof value !== "number") return value.text;
  if (Number.isInteger(value)) return Math.abs(value) < 1e16 ? String(value) : BigInt(value).toString();
  if (Number.isNaN(value)) return "-nan";
  if (!Number.isFinite(value)) return value > 0 ? "+inf" : "-inf";
  return sprintf(format, [value]);
}

export function isTrue(value: Value): boolean {
  if (typeof value === "number") return value !== 0;
  if (value === undefined) return false;
  if (typeof value === "string") return value !== "";
  return value.number === undefined ? value.text !== "" : value.number !== 0;
}

/** Less than, equal to or more than nothing: as numbers when both are or look like it, else as texts. */
export function compare(left: Value, right: Value, format: string): number {
  const [first, second] = [numeric(left), numeric(right)];
  if (first !== undefined && second !== undefined)
    return first < second ? -1 : first > second ? 1 : first === second ? 0 : Number.NaN;
  const [a, b] = [toText(left, format), toText(right, format)];
  return a < b ? -1 : a > b ? 1 : 0;
}

function numeric(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (value === undefined) return 0;
  return typeof value === "string" ? undefined : value.number;
}

/** C's `%g`. */
function general(value: number, precision: number, keepsZeros: boolean): string {
  const digits = precision === 0 ? 1 : precision;
  if (value === 0) return keepsZeros ? (0).toFixed(digits - 1) : "0";
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e") as [string, string];
  const power = Number(exponent);
  const short = (text: string): string =>
    keepsZeros || !text.includes(".") ? text : text.replace(/\.?0+$/, "");
  if (power < -4 || power >= digits)
    return `${short(mantissa)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  return short(value.toFixed(Math.max(0, digits - 1 - power)));
}

function scientific(value: number, precision: number): string {
  return value.toExponential(precision).replace(/e([+-])(\d)$/, "e$10$2");
}

/** C's `sprintf`, of values of `awk`. */
export function sprintf(format: string, given: readonly Value[]): string {
  let next = 0;
  return format.replaceAll(
    /%(?:%|(?:(\d+)\$)?([-+ #0']*)(\*|\d*)(?:\.(\*|\d*))?([a-zA-Z]))/g,
    (all, position: string | undefined, flags = "", width = "", precision: string | undefined, kind = "") => {
      if (all === "%%") return "%";
      const size = width === "*" ? toNumber(given[next++]) : Number(width || 0);
      const places =
        precision === undefined
          ? undefined
          : precision === "*"
            ? toNumber(given[next++])
            : Number(precision || 0);
      const value = position === undefined ? given[next++] : given[Number(position) - 1];
      const shown = converted(kind, value, flags, places);
      if (shown === undefined) return all as string;
      const isLeft = flags.includes("-") || size < 0;
      const wide = Math.abs(size);
      const length = [...shown].length;
      if (length >= wide) return shown;
      if (isLeft) return shown + " ".repeat(wide - length);
      const isZeroed =
        flags.includes("0") &&
        /[diouxXeEfFgGaA]/.test(kind) &&
        (places === undefined || /[eEfFgG]/.test(kind)) &&
        !/inf|nan/.test(shown);
      if (!isZeroed) return " ".repeat(wide - length) + shown;
      const [sign = ""] = /^[-+ ]?(?:0[xX])?/.exec(shown)!;
      return sign + "0".repeat(wide - length) + shown.slice(sign.length);
    },
  );
}

function converted(
  kind: string,
  value: Value,
  flags: string,
  precision: number | undefined,
): string | undefined {
  const signed = (text: string, number: number): string => {
    if (number < 0 || Object.is(number, -0) || text.startsWith("-")) return text;
    return flags.includes("+") ? `+${text}` : flags.includes(" ") ? ` ${text}` : text;
  };
  if (kind === "s") {
    const text = toText(value);
    return precision === undefined ? text : [...text].slice(0, precision).join("");
  }
  if (kind === "c") {
    const isNumber = typeof value === "number" || (value instanceof Input && value.number !== undefined);
    return isNumber
      ? String.fromCodePoint(Math.max(0, toNumber(value)) % 0x110000)
      : ([...toText(value)][0] ?? "");
  }
  const number = toNumber(value);
  if (/[diouxXeEfFgGaA]/.test(kind) && !Number.isFinite(number)) {
    const text = Number.isNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
    return text.startsWith("-") ? text : `+${text}`;
  }
  switch (kind) {
    case "d":
    case "i": {
      const whole = Math.trunc(number);
      const digits = (
        Math.abs(whole) < 2 ** 53 ? String(Math.abs(whole)) : BigInt(Math.abs(whole)).toString()
      ).padStart(precision ?? 1, "0");
      return signed((whole < 0 ? "-" : "") + digits, whole);
    }
    case "o":
    case "u":
    case "x":
    case "X": {
      const whole = BigInt(Math.trunc(number));
      const base = kind === "o" ? 8 : kind === "u" ? 10 : 16;
      const digits = (whole < 0n ? BigInt.asUintN(64, whole) : whole)
        .toString(base)
        .padStart(precision ?? 1, "0");
      const prefix =
        flags.includes("#") && whole !== 0n ? (kind === "o" ? "0" : kind === "u" ? "" : "0x") : "";
      return kind === "X" ? (prefix + digits).toUpperCase() : prefix + digits;
    }
    case "e":
    case "E": {
      const text = scientific(number, precision ?? 6);
      return signed(kind === "E" ? text.toUpperCase() : text, number);
    }
    case "f":
    case "F": {
      const text =
        Math.abs(number) < 1e21
          ? number.toFixed(precision ?? 6)
          : BigInt(number).toString() + (precision === 0 ? "" : `.${"0".repeat(precision ?? 6)}`);
      return signed(text, number);
    }
    case "g":
    case "G": {
      const text = general(number, precision ?? 6, flags.includes("#"));
      return signed(kind === "G" ? text.toUpperCase() : text, number);
    }
    default:
      return undefined;
  }
}
