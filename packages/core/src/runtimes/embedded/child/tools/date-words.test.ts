import { expect, test } from "vitest";
import { formatDate } from "./date.ts";
import { readDate } from "./date-words.ts";
import { Zone } from "./zone.ts";

const utc = new Zone("UTC");
const now = { seconds: Date.UTC(2024, 4, 15, 12, 30, 45) / 1_000, nanoseconds: 5 };
const read = (words: string, zone = utc): string | undefined => {
  const moment = readDate(words, now, zone);
  return moment && formatDate("%F %T.%N %z", moment.seconds, moment.nanoseconds, zone);
};

test.each([
  ["", "2024-05-15 00:00:00.000000000 +0000"],
  ["now", "2024-05-15 12:30:45.000000005 +0000"],
  ["+1 day", "2024-05-16 12:30:45.000000005 +0000"],
  ["2 weeks ago", "2024-05-01 12:30:45.000000005 +0000"],
  ["next month", "2024-06-15 12:30:45.000000005 +0000"],
  ["2024-01-31 +1 month", "2024-03-02 00:00:00.000000000 +0000"],
  ["@86400.25", "1970-01-02 00:00:00.250000000 +0000"],
  ["@-1.5", "1969-12-31 23:59:58.500000000 +0000"],
  ["monday", "2024-05-20 00:00:00.000000000 +0000"],
  ["last wednesday", "2024-05-08 00:00:00.000000000 +0000"],
  ["3pm tomorrow", "2024-05-16 15:00:00.000000000 +0000"],
  ["2024-05-05 10:00 +0200", "2024-05-05 08:00:00.000000000 +0000"],
])("%j is a moment", (words, expected) => {
  expect(read(words)).toBe(expected);
});

test.each(["not a date", "2024-13-01", "2024-02-30", "25:00", "1 2 3", "+1 parsec"])(
  "%j is none",
  (words) => {
    expect(read(words)).toBeUndefined();
  },
);

test("a zone has its own clock, also where it is put forward", () => {
  const zone = new Zone("America/New_York");
  expect(read("2024-03-10 01:30 1 hour", zone)).toBe("2024-03-10 03:30:00.000000000 -0400");
  expect(read("2024-07-01 12:00 UTC", zone)).toBe("2024-07-01 08:00:00.000000000 -0400");
});
