import { secondsOf, wallTime } from "./zone.ts";
import type { Zone } from "./zone.ts";

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const zones: Readonly<Record<string, number>> = {
  utc: 0,
  gmt: 0,
  z: 0,
  est: -5,
  edt: -4,
  cst: -6,
  cdt: -5,
  mst: -7,
  mdt: -6,
  pst: -8,
  pdt: -7,
  bst: 1,
  cet: 1,
  cest: 2,
  eet: 2,
  eest: 3,
  msk: 3,
  jst: 9,
};
const ordinals: Readonly<Record<string, number>> = {
  last: -1,
  this: 0,
  next: 1,
  first: 1,
  third: 3,
  fourth: 4,
  fifth: 5,
  sixth: 6,
};

interface Found {
  epoch?: Moment;
  date?: readonly [number | undefined, number, number];
  time?: readonly [number, number, number];
  offset?: number;
  weekday?: readonly [day: number, ordinal: number];
  nanoseconds?: number;
  readonly shift: { years: number; months: number; days: number; seconds: number };
}

type Take = (found: Found, match: readonly string[]) => boolean | void;

const number = (text: string | undefined): number => Number(text ?? 0);
const monthOf = (name: string | undefined): number =>
  months.indexOf((name ?? "").slice(0, 3).toLowerCase()) + 1;
const month = "(jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*";
const unit = "(years?|months?|fortnights?|weeks?|days?|hours?|minutes?|mins?|seconds?|secs?)\\b";

/** Forms that a date can have, tried in this order at each place. */
const forms: readonly (readonly [string, Take])[] = [
  ["@(-?\\d+(?:\\.\\d+)?)", (found, [, at]) => void (found.epoch = epochOf(at!))],
  [
    "(\\d{4})-(\\d{1,2})-(\\d{1,2})(?:t(?=\\d))?",
    (found, [, y, m, d]) => setDate(found, number(y), number(m), number(d)),
  ],
  ["(\\d{4})/(\\d{1,2})/(\\d{1,2})", (found, [, y, m, d]) => setDate(found, number(y), number(m), number(d))],
  [
    "(\\d{1,2})/(\\d{1,2})/(\\d{4}|\\d{2})",
    (found, [, m, d, y]) => setDate(found, yearOf(y!), number(m), number(d)),
  ],
  ["(\\d{1,2})/(\\d{1,2})", (found, [, m, d]) => setDate(found, undefined, number(m), number(d))],
  [
    `(\\d{1,2})[ -]?${month}[ ,-]*(\\d{4})`,
    (found, [, d, m, y]) => setDate(found, number(y), monthOf(m), number(d)),
  ],
  [
    `${month}\\.? +(\\d{1,2})(?:st|nd|rd|th)?,? +(\\d{4})(?!:)`,
    (found, [, m, d, y]) => setDate(found, number(y), monthOf(m), number(d)),
  ],
  [
    `${month}\\.? +(\\d{1,2})(?![\\d:])`,
    (found, [, m, d]) => setDate(found, undefined, monthOf(m), number(d)),
  ],
  [`(\\d{1,2}) +${month}`, (found, [, d, m]) => setDate(found, undefined, monthOf(m), number(d))],
  [
    "(\\d{1,2}):(\\d{2})(?::(\\d{2}(?:[.,]\\d+)?))? *(am|pm|a\\.m\\.|p\\.m\\.)?(?: *([+-])(\\d{1,2}):?(\\d{2})?)?",
    takeTime,
  ],
  ["(\\d{1,2}) *(am|pm)\\b", (found, [, hour, half]) => setTime(found, number(hour), 0, 0, half)],
  [`([+-] *\\d+|\\d+|a|an|last|next|this) +${unit}( +ago)?|([+-]?\\d+)${unit}( +ago)?`, takeShift],
  [`${unit}( +ago)?`, (found, [, what, ago]) => addShift(found, ago ? -1 : 1, what!)],
  ["(last|this|next)? *(sun|mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?)(?:day)?\\b,?", takeWeekday],
  ["(today|now)\\b", () => {}],
  ["tomorrow\\b", (found) => addShift(found, 1, "day")],
  ["yesterday\\b", (found) => addShift(found, -1, "day")],
  ["midnight\\b", (found) => setTime(found, 0, 0, 0)],
  ["noon\\b", (found) => setTime(found, 12, 0, 0)],
  [
    "(\\d{4})(\\d{2})(\\d{2})(?!\\d)",
    (found, [, y, m, d]) => setDate(found, number(y), number(m), number(d)),
  ],
  ["(utc|gmt|z|[ecmp][sd]t|bst|cest?|eest?|msk|jst)\\b(?: *([+-])(\\d{1,2}):?(\\d{2})?)?", takeZone],
];
const compiled = forms.map(([pattern, take]) => [new RegExp(pattern, "iy"), take] as const);

/** A moment since 1970. */
export interface Moment {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** The moment that words like `2024-01-31 +1 day` name; undefined when they name none. */
export function readDate(text: string, now: Moment, zone: Zone): Moment | undefined {
  const found: Found = { shift: { years: 0, months: 0, days: 0, seconds: 0 } };
  const words = text.replaceAll(/\([^)]*\)/g, " ").trimEnd();
  for (let at = 0; at < words.length;) {
    if (/[\s,]/.test(words[at]!)) {
      at += 1;
      continue;
    }
    const next = compiled.find(([pattern]) => ((pattern.lastIndex = at), pattern.test(words)));
    if (!next) return undefined;
    const [pattern, take] = next;
    pattern.lastIndex = at;
    const match = pattern.exec(words)!;
    if (take(found, match) === false) return undefined;
    at += match[0].length;
  }
  if (found.epoch !== undefined) return found.epoch;
  return momentOf(found, now, words.trim() === "", zone);
}

function epochOf(text: string): Moment {
  const [whole = "", decimals = ""] = text.split(".");
  const nanoseconds = nanosecondsOf(decimals);
  const seconds = Number(whole);
  return whole.startsWith("-") && nanoseconds > 0
    ? { seconds: seconds - 1, nanoseconds: 1e9 - nanoseconds }
    : { seconds, nanoseconds };
}

const nanosecondsOf = (decimals: string): number => Number(decimals.slice(0, 9).padEnd(9, "0"));

function momentOf(found: Found, now: Moment, midnight: boolean, zone: Zone): Moment | undefined {
  const { date, time, offset, shift } = found;
  // A day of the week beside a date says nothing.
  const weekday = date ? undefined : found.weekday;
  const clock = wallTime(now.seconds, offset ?? zone.offsetAt(now.seconds));
  const [year, month, day] = date ?? [clock.year, clock.month, clock.day];
  const fromNow = !date && !time && !weekday && !midnight;
  const [hour, minute, second] = time ?? (fromNow ? [clock.hour, clock.minute, clock.second] : [0, 0, 0]);
  const base = { year: year ?? clock.year, month, day, hour, minute, second };
  if (date && !isDay(base)) return undefined;
  let days = day + shift.days;
  if (weekday) {
    const from = wallTime(secondsOf(base), 0).weekday;
    const [wanted, ordinal] = weekday;
    const ahead = (wanted - from + 7) % 7;
    days += ahead + 7 * (ordinal > 0 && ahead === 0 ? ordinal : ordinal > 0 ? ordinal - 1 : ordinal);
  }
  const wall = { ...base, year: base.year + shift.years, month: month + shift.months, day: days };
  const moment = offset === undefined ? zone.momentOf(wall) : secondsOf(wall) - offset;
  const nanoseconds = fromNow ? now.nanoseconds : (found.nanoseconds ?? 0);
  return { seconds: moment + shift.seconds, nanoseconds };
}

function isDay({ year, month, day }: { year: number; month: number; day: number }): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

const yearOf = (text: string): number =>
  text.length > 2 ? Number(text) : Number(text) + (Number(text) < 69 ? 2_000 : 1_900);

function setDate(found: Found, year: number | undefined, month: number, day: number): boolean {
  if (found.date) return false;
  found.date = [year, month, day];
  return true;
}

function setTime(found: Found, hour: number, minute: number, second: number, half?: string): boolean {
  if (found.time || minute > 59 || second >= 61 || hour > (half ? 12 : 23)) return false;
  const isLate = half?.toLowerCase().startsWith("p");
  found.time = [half ? (hour % 12) + (isLate ? 12 : 0) : hour, minute, second];
  return true;
}

function takeTime(found: Found, match: readonly string[]): boolean {
  const [, hour, minute, second, half, sign, hours, minutes] = match;
  if (sign) found.offset = offsetOf(sign, hours, minutes);
  const [whole, decimals] = (second ?? "0").split(/[.,]/);
  if (decimals !== undefined) found.nanoseconds = nanosecondsOf(decimals);
  return setTime(found, number(hour), number(minute), number(whole), half);
}

function offsetOf(sign: string, hours: string | undefined, minutes: string | undefined): number {
  return (sign === "-" ? -1 : 1) * (number(hours) * 3_600 + number(minutes) * 60);
}

function takeZone(found: Found, [, name, sign, hours, minutes]: readonly string[]): void {
  found.offset = (zones[name!.toLowerCase()] ?? 0) * 3_600;
  if (sign) found.offset += offsetOf(sign, hours, minutes);
}

function takeShift(found: Found, match: readonly string[]): void {
  const amount = (match[1] ?? match[4])!.replaceAll(" ", "").toLowerCase();
  const count = /^an?$/.test(amount) ? 1 : (ordinals[amount] ?? Number(amount));
  addShift(found, (match[3] ?? match[6]) ? -count : count, (match[2] ?? match[5])!);
}

function takeWeekday(found: Found, [, ordinal, name]: readonly string[]): void {
  const day = weekdays.indexOf(name!.slice(0, 3).toLowerCase());
  found.weekday = [day, ordinals[(ordinal ?? "this").toLowerCase()]!];
}

function addShift({ shift }: Found, count: number, what: string): void {
  const name = what.toLowerCase().replace(/s$/, "");
  if (name === "year") shift.years += count;
  else if (name === "month") shift.months += count;
  else if (name === "fortnight") shift.days += 14 * count;
  else if (name === "week") shift.days += 7 * count;
  else if (name === "day") shift.days += count;
  else if (name === "hour") shift.seconds += 3_600 * count;
  else if (name === "minute" || name === "min") shift.seconds += 60 * count;
  else shift.seconds += count;
}
