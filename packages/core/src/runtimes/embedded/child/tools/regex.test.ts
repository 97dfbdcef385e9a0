import { expect, test } from "vitest";
import { fromBasic, fromExtended } from "./regex.ts";

test.each([
  ["a+b", "a+b=c", true],
  ["a\\+b", "aab", true],
  ["a\\{2\\}", "caab", true],
  ["a{2}", "a{2}", true],
  ["\\(ab\\)*c", "ababc", true],
  ["*x", "a*x", true],
  ["[]x]", "]", true],
  ["[^]]", "]", false],
  ["[[:digit:]]", "a1", true],
  ["a^b$c", "a^b$c", true],
  ["x\\|y", "y", true],
  ["\\<cat\\>", "a cat", true],
  ["\\<cat\\>", "concat", false],
])("the basic expression %j on %j", (source, text, fits) => {
  expect(new RegExp(fromBasic(source)).test(text)).toBe(fits);
});

test.each([
  ["a{2}", "aa", true],
  ["a{,2}b", "b", true],
  ["{x", "{x", true],
  ["(+|-)?[0-9]+", "+5", true],
  ["[a\\]b]+", "]", true],
  ["a\\/b", "a/b", true],
  ["\\.$", "end.", true],
  ["[[:alpha:]_-]+", "a-_", true],
])("the extended expression %j on %j", (source, text, fits) => {
  expect(new RegExp(fromExtended(source)).test(text)).toBe(fits);
});
