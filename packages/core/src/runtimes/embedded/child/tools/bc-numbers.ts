/** A decimal number: `digits` divided by ten to the power of `scale`. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

export class DivisionError extends Error {}

export const zero: Decimal = { digits: 0n, scale: 0 };
export const one: Decimal = { digits: 1n, scale: 0 };
const ten = (power: number): bigint => 10n ** BigInt(power);

export function whole(value: number | bigint): Decimal {
  return { digits: BigInt(value), scale: 0 };
}

/** The number with so many decimals; further ones are cut. */
export function rescaled({ digits, scale }: Decimal, wanted: number): Decimal {
  return wanted >= scale
    ? { digits: digits * ten(wanted - scale), scale: wanted }
    : { digits: digits / ten(scale - wanted), scale: wanted };
}

function aligned(left: Decimal, right: Decimal): readonly [bigint, bigint, number] {
  const scale = Math.max(left.scale, right.scale);
  return [rescaled(left, scale).digits, rescaled(right, scale).digits, scale];
}

export function add(left: Decimal, right: Decimal): Decimal {
  const [first, second, scale] = aligned(left, right);
  return { digits: first + second, scale };
}

export const negated = ({ digits, scale }: Decimal): Decimal => ({ digits: -digits, scale });

export function compare(left: Decimal, right: Decimal): number {
  const [first, second] = aligned(left, right);
  return first < second ? -1 : first > second ? 1 : 0;
}

export function multiply(left: Decimal, right: Decimal, scale: number): Decimal {
  const full = { digits: left.digits * right.digits, scale: left.scale + right.scale };
  return rescaled(full, Math.min(full.scale, Math.max(scale, left.scale, right.scale)));
}

export function divide(left: Decimal, right: Decimal, scale: number): Decimal {
  if (right.digits === 0n) throw new DivisionError();
  return { digits: (left.digits * ten(scale + right.scale)) / (right.digits * ten(left.scale)), scale };
}

export function remainder(left: Decimal, right: Decimal, scale: number): Decimal {
  const quotient = divide(left, right, scale);
  const kept = Math.max(left.scale, quotient.scale + right.scale);
  const product = { digits: quotient.digits * right.digits, scale: quotient.scale + right.scale };
  return rescaled(add(left, negated(product)), kept);
}

export function power(base: Decimal, exponent: Decimal, scale: number): Decimal {
  const count = Number(rescaled(exponent, 0).digits);
  const size = Math.abs(count);
  const full = { digits: base.digits ** BigInt(size), scale: base.scale * size };
  if (count < 0) return divide(one, full, scale);
  return rescaled(full, Math.min(full.scale, Math.max(scale, base.scale)));
}

export function squareRoot({ digits, scale }: Decimal, wanted: number): Decimal | undefined {
  if (digits < 0n) return undefined;
  const kept = Math.max(wanted, scale);
  const value = digits * ten(2 * kept - scale);
  if (value < 2n) return { digits: value, scale: kept };
  let guess = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return { digits: guess, scale: kept };
    guess = next;
  }
}

/** In a base other than ten, the digits after the point too. */
export function parseNumber(text: string, base: number): Decimal {
  const [left = "", right = ""] = text.split(".");
  const valueOf = (digit: string): number => {
    const value = Number.parseInt(digit, 16);
    return text.length > 1 ? Math.min(value, base - 1) : value;
  };
  if (base === 10 && !/[A-F]/.test(text)) return { digits: BigInt(left + right || "0"), scale: right.length };
  const integer = [...left].reduce((sum, digit) => sum * BigInt(base) + BigInt(valueOf(digit)), 0n);
  const numerator = [...right].reduce((sum, digit) => sum * BigInt(base) + BigInt(valueOf(digit)), 0n);
  const fraction = divide(
    { digits: numerator, scale: 0 },
    whole(BigInt(base) ** BigInt(right.length)),
    right.length,
  );
  return add(whole(integer), fraction);
}

/** As `bc` prints it: no zero before the point, lines of at most 69 characters. */
export function shown({ digits, scale }: Decimal, base: number): string {
  const isNegative = digits < 0n;
  const size = isNegative ? -digits : digits;
  const integer = size / ten(scale);
  const fraction = size % ten(scale);
  let text = integer === 0n ? "" : inBase(integer, base);
  if (scale > 0 && base === 10) text += `.${String(fraction).padStart(scale, "0")}`;
  else if (scale > 0) text += `.${fractionIn(fraction, scale, base)}`;
  if (digits === 0n) return "0";
  const plain = (isNegative ? "-" : "") + (text || "0");
  return plain.replaceAll(/.{68}(?=..)/g, "$&\\\n");
}

function inBase(value: bigint, base: number): string {
  if (base <= 16) return value.toString(base).toUpperCase();
  const parts: string[] = [];
  for (let left = value; left > 0n; left /= BigInt(base))
    parts.unshift(String(left % BigInt(base)).padStart(String(base - 1).length, "0"));
  return ` ${parts.join(" ")}`;
}

function fractionIn(fraction: bigint, scale: number, base: number): string {
  let text = "";
  let rest = fraction;
  for (let reached = 1n; reached < ten(scale); reached *= BigInt(base)) {
    rest *= BigInt(base);
    text += (rest / ten(scale)).toString(base).toUpperCase();
    rest %= ten(scale);
  }
  return text;
}
