import { expect, test } from "vitest";
import { age, size } from "./style.ts";

test.each([
  [0, "0 bytes"],
  [999, "999 bytes"],
  [1500, "1.5 kB"],
  [31_457_280, "31 MB"],
  [1_200_000_000, "1.2 GB"],
  [5e16, "50000 TB"],
])("%i bytes are %s", (bytes, text) => {
  expect(size(bytes)).toBe(text);
});

test.each([
  [-5, "0 minutes"],
  [90_000, "1 minute"],
  [2 * 3_600_000, "2 hours"],
  [26 * 3_600_000, "1 day"],
])("%i ms are %s", (ms, text) => {
  expect(age(ms)).toBe(text);
});
