import { readDate } from "./date-words.ts";
import type { Moment } from "./date-words.ts";
import { takeOptions } from "./options.ts";
import type { Given } from "./options.ts";
import { ToolError, reasonOf, said } from "./tool.ts";
import type { Tool, ToolContext } from "./tool.ts";
import { Zone, offsetText, secondsOf, wallTime } from "./zone.ts";

const monthNames =
  "January February March April May June July August September October November December".split(" ");
const dayNames = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const isoForms: Readonly<Record<string, string>> = {
  "": "%Y-%m-%d",
  date: "%Y-%m-%d",
  hours: "%Y-%m-%dT%H%:z",
  minutes: "%Y-%m-%dT%H:%M%:z",
  seconds: "%Y-%m-%dT%H:%M:%S%:z",
  ns: "%Y-%m-%dT%H:%M:%S,%N%:z",
};

/** `date [-u] [-d WORDS | -r FILE] [-I[WHAT] | -R | +FORMAT]`. */
export const date: Tool = async (argv, context) => {
  const plain = argv.map((word) => word.replace(/^-I(.*)$/, "--iso-8601=$1"));
  const given = takeOptions("date", plain, "d:r:uRf:s:", {
    date: "d:",
    reference: "r:",
    utc: "u",
    universal: "u",
    "iso-8601": "I?",
    "rfc-email": "R",
    "rfc-3339": "rfc-3339:",
    set: "s:",
  });
  if (given.has("s")) throw new ToolError("cannot set date: Operation not permitted");
  const zone = new Zone(given.has("u") ? "UTC" : (context.env.get("TZ") ?? "UTC"));
  const format = formatOf(given);
  const moment = await momentOf(given, context, zone);
  return said(`${formatDate(format, moment.seconds, moment.nanoseconds, zone)}\n`);
};

function formatOf(given: Given): string {
  const [word, extra] = given.words;
  if (extra !== undefined) throw new ToolError(`extra operand '${extra}'`);
  if (word?.startsWith("+")) return word.slice(1);
  if (word !== undefined) throw new ToolError(`invalid date ‘${word}’`);
  if (given.has("I")) return isoForms[given.last("I")!] ?? isoForms[""]!;
  if (given.has("R")) return "%a, %d %b %Y %H:%M:%S %z";
  const rfc = given.last("rfc-3339");
  if (rfc !== undefined) return isoForms[rfc]!.replace("T", " ").replace(",", ".");
  return "%a %b %e %H:%M:%S %Z %Y";
}

async function momentOf(given: Given, { cwd, fs }: ToolContext, zone: Zone): Promise<Moment> {
  const now = momentOfDate(new Date());
  const words = given.last("d");
  if (words !== undefined) {
    const moment = readDate(words, now, zone);
    if (moment === undefined) throw new ToolError(`invalid date ‘${words}’`);
    return moment;
  }
  const file = given.last("r");
  if (file === undefined) return now;
  try {
    const { mtime } = await fs.stat(fs.resolvePath(cwd, file));
    return momentOfDate(mtime);
  } catch (error) {
    throw new ToolError(`${file}: ${reasonOf(error)}`);
  }
}

export function momentOfDate(date: Date): Moment {
  const seconds = Math.floor(date.getTime() / 1_000);
  return { seconds, nanoseconds: (date.getTime() - seconds * 1_000) * 1e6 };
}

/** A moment, in seconds and nanoseconds since 1970, as the format of `date` and `strftime` says. */
export function formatDate(format: string, epoch: number, fraction: number, zone: Zone): string {
  const offset = zone.offsetAt(epoch);
  const at = wallTime(epoch, offset);
  const dayOfYear = Math.floor(
    (secondsOf(at) - secondsOf({ ...at, month: 1, day: 1, hour: 0, minute: 0, second: 0 })) / 86_400,
  );
  const nanoseconds = String(Math.floor(fraction)).padStart(9, "0");
  const { year: isoYear, week: isoWeek } = isoWeekOf(at.year, dayOfYear, at.weekday);
  const hour12 = at.hour % 12 || 12;
  const again = (inner: string): string => formatDate(inner, epoch, fraction, zone);
  const digits = (value: number, width: number, pad = "0"): [string, number, string] => [
    String(value),
    width,
    pad,
  ];
  const field = (letter: string): string | [string, number, string] | undefined => {
    switch (letter) {
      case "a":
        return dayNames[at.weekday]!.slice(0, 3);
      case "A":
        return dayNames[at.weekday]!;
      case "b":
      case "h":
        return monthNames[at.month - 1]!.slice(0, 3);
      case "B":
        return monthNames[at.month - 1]!;
      case "c":
        return again("%a %b %e %H:%M:%S %Y");
      case "C":
        return digits(Math.floor(at.year / 100), 2);
      case "d":
        return digits(at.day, 2);
      case "D":
      case "x":
        return again("%m/%d/%y");
      case "e":
        return digits(at.day, 2, " ");
      case "F":
        return again("%Y-%m-%d");
      case "g":
        return digits(isoYear % 100, 2);
      case "G":
        return digits(isoYear, 1);
      case "H":
        return digits(at.hour, 2);
      case "I":
        return digits(hour12, 2);
      case "j":
        return digits(dayOfYear + 1, 3);
      case "k":
        return digits(at.hour, 2, " ");
      case "l":
        return digits(hour12, 2, " ");
      case "m":
        return digits(at.month, 2);
      case "M":
        return digits(at.minute, 2);
      case "n":
        return "\n";
      case "p":
        return at.hour < 12 ? "AM" : "PM";
      case "P":
        return at.hour < 12 ? "am" : "pm";
      case "q":
        return digits(Math.ceil(at.month / 3), 1);
      case "r":
        return again("%I:%M:%S %p");
      case "R":
        return again("%H:%M");
      case "s":
        return digits(epoch, 1);
      case "S":
        return digits(at.second, 2);
      case "t":
        return "\t";
      case "T":
      case "X":
        return again("%H:%M:%S");
      case "u":
        return digits(at.weekday || 7, 1);
      case "U":
        return digits(Math.floor((dayOfYear + 7 - at.weekday) / 7), 2);
      case "V":
        return digits(isoWeek, 2);
      case "w":
        return digits(at.weekday, 1);
      case "W":
        return digits(Math.floor((dayOfYear + 7 - ((at.weekday + 6) % 7)) / 7), 2);
      case "y":
        return digits(at.year % 100, 2);
      case "Y":
        return digits(at.year, 1);
      case "z":
        return offsetText(offset, "plain");
      case "Z":
        return zone.abbreviationAt(epoch);
      case "%":
        return "%";
      default:
        return undefined;
    }
  };
  return format.replaceAll(
    /%(?:(:{1,2})z|([-_0^#]*)(\d*)[EO]?([a-zA-Z%]))/g,
    (all, colons: string | undefined, flags = "", width = "", letter = "") => {
      if (colons) return offsetText(offset, colons === ":" ? "colon" : "long");
      if (letter === "N") {
        const shown =
          width === "" ? nanoseconds : nanoseconds.slice(0, Number(width)).padEnd(Number(width), "0");
        return flags.includes("-") ? shown.replace(/0+$/, "") : shown;
      }
      const value = field(letter as string);
      return value === undefined ? all : padded(value, flags as string, width as string);
    },
  );
}

function padded(value: string | [string, number, string], flags: string, given: string): string {
  const [text, width, pad] = typeof value === "string" ? [value, 0, " "] : value;
  const filler = flags.includes("_") ? " " : flags.includes("0") ? "0" : pad;
  const wanted = flags.includes("-") ? 0 : given === "" ? width : Number(given);
  const shown = text.padStart(wanted, filler);
  if (flags.includes("^")) return shown.toUpperCase();
  return flags.includes("#") ? swapped(shown) : shown;
}

const swapped = (text: string): string =>
  text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase();

/** ISO 8601's week and the year that it belongs to. */
function isoWeekOf(year: number, dayOfYear: number, weekday: number): { year: number; week: number } {
  const week = Math.floor((dayOfYear - ((weekday + 6) % 7) + 10) / 7);
  if (week < 1) return { year: year - 1, week: weeksIn(year - 1) };
  return week > weeksIn(year) ? { year: year + 1, week: 1 } : { year, week };
}

function weeksIn(year: number): number {
  const last = (of: number): number => new Date(Date.UTC(of, 11, 31)).getUTCDay();
  return last(year) === 4 || last(year - 1) === 3 ? 53 : 52;
}
