import { expect, test } from "vitest";
import { FrameError } from "../stream/frame.ts";
import { mediaBundle } from "./media-bundle.ts";

test.each([
  "image/png",
  "image/webp",
  "audio/wav",
  "video/mp4",
  "application/pdf",
  "application/octet-stream",
])("%s is base64, so that it cannot leave the address it is put into", (type) => {
  expect(mediaBundle({ [type]: "AAAA\n+/==" })).toEqual({ [type]: "AAAA\n+/==" });
  expect(() => mediaBundle({ [type]: '"><script>alert(1)</script>' })).toThrow(FrameError);
  expect(() => mediaBundle({ [type]: `${" ".repeat(1_000_000)};` })).toThrow(FrameError);
});

test("a vector image is text", () => {
  expect(mediaBundle({ "image/svg+xml": "<svg/>" })).toEqual({ "image/svg+xml": "<svg/>" });
});

test("lone surrogates become replacement characters wherever they stand", () => {
  expect(
    mediaBundle({
      "text/plain": "a\uD800b",
      "application/json": { "\uDFFF": ["\uD800"], pair: "\u{1F600}" },
    }),
  ).toEqual({
    "text/plain": "a\uFFFDb",
    "application/json": { "\uFFFD": ["\uFFFD"], pair: "\u{1F600}" },
  });
});

test("JSON merged into another object changes no prototype", () => {
  const json: unknown = JSON.parse(
    '{"kept":[{"__proto__":{"polluted":true}}],"__proto__":{"polluted":true}}',
  );
  const bundle = mediaBundle({ "application/json": json });
  expect(bundle["application/json"]).toEqual({ kept: [{}] });
  expect(JSON.stringify(bundle)).not.toContain("__proto__");
});
