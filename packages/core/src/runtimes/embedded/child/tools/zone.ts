/** A moment as a clock on a wall shows it; months are 1 to 12. */
export interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** A time zone of the IANA database or one without rules, by its name as `TZ` has it. */
export class Zone {
  readonly #format: Intl.DateTimeFormat | undefined;
  readonly #name: string;

  constructor(name: string) {
    let format: Intl.DateTimeFormat | undefined;
    try {
      format = new Intl.DateTimeFormat("en-US", {
        timeZone: name.replace(/^:/, "") || "UTC",
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
        era: "short",
      });
    } catch {
      // As Linux does, an unknown name is UTC.
    }
    this.#format = name === "" || /^(?:UTC|Etc\/UTC|GMT)\d*$/.test(name) ? undefined : format;
    this.#name = this.#format ? name.replace(/^:/, "") : "UTC";
  }

  /** Seconds that its clocks are ahead of UTC at a moment, in seconds since 1970. */
  offsetAt(epoch: number): number {
    if (!this.#format) return 0;
    const parts = Object.fromEntries(
      this.#format.formatToParts(new Date(Math.floor(epoch) * 1_000)).map(({ type, value }) => [type, value]),
    );
    const year = parts["era"] === "BC" ? 1 - Number(parts["year"]) : Number(parts["year"]);
    const wall = secondsOf({
      year,
      month: Number(parts["month"]),
      day: Number(parts["day"]),
      hour: Number(parts["hour"]),
      minute: Number(parts["minute"]),
      second: Number(parts["second"]),
    });
    return wall - Math.floor(epoch);
  }

  /** Seconds since 1970 when its clocks show a time. */
  momentOf(wall: WallTime): number {
    const seconds = secondsOf(wall);
    const first = seconds - this.offsetAt(seconds);
    return seconds - this.offsetAt(first);
  }

  /** `EST`, `UTC` or, where a zone has no letters, its offset. */
  abbreviationAt(epoch: number): string {
    if (!this.#format) return "UTC";
    const date = new Date(epoch * 1_000);
    const parts = new Intl.DateTimeFormat("en-US", { timeZone: this.#name, timeZoneName: "short" });
    const name = parts.formatToParts(date).find(({ type }) => type === "timeZoneName")?.value ?? "UTC";
    if (/^[A-Z]{2,5}$/.test(name)) return name;
    return letters[this.#name]?.[this.#isSummer(epoch) ? 1 : 0] ?? offsetText(this.offsetAt(epoch), "short");
  }

  #isSummer(epoch: number): boolean {
    const year = new Date(epoch * 1_000).getUTCFullYear();
    const winter = Math.min(
      this.offsetAt(Date.UTC(year, 0, 1) / 1_000),
      this.offsetAt(Date.UTC(year, 6, 1) / 1_000),
    );
    return this.offsetAt(epoch) > winter;
  }
}

/** Letters in winter and summer that Intl does not tell in English. */
const letters: Readonly<Record<string, readonly [string, string]>> = {
  "Europe/London": ["GMT", "BST"],
  "Europe/Dublin": ["GMT", "IST"],
  "Europe/Lisbon": ["WET", "WEST"],
  ...Object.fromEntries(
    "Amsterdam Berlin Brussels Budapest Copenhagen Madrid Oslo Paris Prague Rome Stockholm Vienna Warsaw Zurich"
      .split(" ")
      .map((city) => [`Europe/${city}`, ["CET", "CEST"] as const]),
  ),
  ...Object.fromEntries(
    "Athens Bucharest Helsinki Kyiv Sofia"
      .split(" ")
      .map((city) => [`Europe/${city}`, ["EET", "EEST"] as const]),
  ),
  "Europe/Moscow": ["MSK", "MSK"],
  "Asia/Kolkata": ["IST", "IST"],
  "Asia/Tokyo": ["JST", "JST"],
  "Asia/Shanghai": ["CST", "CST"],
  "Asia/Hong_Kong": ["HKT", "HKT"],
  "Asia/Seoul": ["KST", "KST"],
  "Australia/Sydney": ["AEST", "AEDT"],
  "Australia/Melbourne": ["AEST", "AEDT"],
  "Pacific/Auckland": ["NZST", "NZDT"],
};

/** Seconds since 1970 of a time in UTC; days and months beyond their ends run over. */
export function secondsOf({ year, month, day, hour, minute, second }: WallTime): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, 0);
  return date.getTime() / 1_000;
}

export function wallTime(epoch: number, offset: number): WallTime & { readonly weekday: number } {
  const date = new Date(Math.floor(epoch + offset) * 1_000);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    weekday: date.getUTCDay(),
  };
}

/** `+0530`, `+05:30` (colon), `+05:30:00` (long) or the shortest (`+0530`, `-03`). */
export function offsetText(offset: number, form: "plain" | "colon" | "long" | "short"): string {
  const size = Math.abs(offset);
  const [hours, minutes, seconds] = [Math.floor(size / 3_600), Math.floor(size / 60) % 60, size % 60].map(
    (part) => String(part).padStart(2, "0"),
  );
  const sign = offset < 0 ? "-" : "+";
  if (form === "long") return `${sign}${hours}:${minutes}:${seconds}`;
  if (form === "short" && minutes === "00") return `${sign}${hours}`;
  return `${sign}${hours}${form === "colon" ? ":" : ""}${minutes}`;
}
