import { expect, test } from "vitest";
import { shorten, shortenAll } from "./shorten.ts";

test("head and tail stay, no character is cut in two, and the gap is counted", () => {
  expect(shorten("abc", 3)).toBe("abc");
  expect(shorten("abcdefghij", 4)).toBe("ab\n[sandbox: 6 characters left out here]\nij");
  expect(shorten("a😀bcdefg😀j", 4)).toBe("a\n[sandbox: 10 characters left out here]\nj");
});

test("short texts stay whole, and long ones share what is left", () => {
  const texts = shortenAll(["a".repeat(10), "b".repeat(5_000), "", "c".repeat(5_000)], 110);
  expect(texts[0]).toBe("a".repeat(10));
  expect(texts[2]).toBe("");
  expect(texts[1]).toContain("[sandbox: 4,950 characters left out here]");
  expect(texts[3]).toContain("[sandbox: 4,950 characters left out here]");
});
