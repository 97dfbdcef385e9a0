import * as fc from "fast-check";
import { expect, test } from "vitest";
import { CapturedOutput } from "./captured-output.ts";

const chunks = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.string({ unit: "binary", maxLength: 20 }).map((text) => new Uint8Array(Buffer.from(text))),
  ),
  { maxLength: 30 },
);

function capture(pieces: readonly Uint8Array[], mostBytes: number): CapturedOutput {
  const output = new CapturedOutput(mostBytes);
  for (const piece of pieces) output.push(piece);
  return output;
}

test("what fits is kept whole, and nothing is said to be missing", () => {
  const output = capture([Buffer.from("hé"), Buffer.from("llo")], 1_024);
  expect(output.text).toBe("héllo");
  expect(output.truncation).toEqual({ bytes: 6, omittedBytes: 0 });
});

test("what does not fit loses its middle, and says how many bytes", () => {
  const output = capture([Buffer.from("0123456789abcdef")], 10);
  expect(output.text).toBe("01234\n[6 bytes omitted]\nbcdef");
  expect(output.truncation).toEqual({ bytes: 16, omittedBytes: 6 });
});

test("a character that the cut would split is left out whole and counted", () => {
  const output = capture([Buffer.from("€€€€€€")], 8);
  expect(output.text).toBe("€\n[12 bytes omitted]\n€");
  expect(output.truncation).toEqual({ bytes: 18, omittedBytes: 12 });
});

test("what just fits is kept whole, however it was split", () => {
  fc.assert(
    fc.property(chunks, fc.integer({ min: 0, max: 3 }), (pieces, spare) => {
      const whole = Buffer.concat(pieces);
      const { text, truncation } = capture(pieces, whole.length + spare);
      expect(text).toBe(whole.toString("utf8"));
      expect(truncation).toEqual({ bytes: whole.length, omittedBytes: 0 });
    }),
  );
});

test("head and tail are exactly those of the whole output, however it was split", () => {
  fc.assert(
    fc.property(chunks, fc.integer({ min: 2, max: 80 }), (pieces, most) => {
      const whole = Buffer.concat(pieces);
      fc.pre(whole.length > most);
      const { text, truncation } = capture(pieces, most);
      expect(truncation.bytes).toBe(whole.length);
      const marker = `\n[${truncation.omittedBytes} bytes omitted]\n`;
      const head = whole.subarray(0, Math.ceil(most / 2));
      const tail = whole.subarray(whole.length - Math.floor(most / 2));
      const cuts = [0, 1, 2, 3];
      const possible = cuts.flatMap((fromHead) =>
        cuts.map((fromTail) => ({ fromHead, fromTail, omitted: whole.length - most + fromHead + fromTail })),
      );
      const fits = possible.some(
        ({ fromHead, fromTail, omitted }) =>
          omitted === truncation.omittedBytes &&
          text ===
            head.subarray(0, head.length - fromHead).toString("utf8") +
              marker +
              tail.subarray(fromTail).toString("utf8"),
      );
      expect(fits).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("well-formed text stays well-formed at every cut", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", minLength: 5, maxLength: 60 }),
      fc.integer({ min: 8, max: 60 }),
      (text, most) => {
        fc.pre(!text.includes("\uFFFD"));
        const bytes = Buffer.from(text);
        const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
        expect(capture(pieces, most).text).not.toContain("\uFFFD");
      },
    ),
  );
});

test("reading the text on the way changes nothing", () => {
  const output = new CapturedOutput(20);
  let whole = "";
  for (let at = 0; at < 200; at += 1) {
    const piece = String(at % 10).repeat(at % 7);
    whole += piece;
    output.push(Buffer.from(piece));
    expect(output.text.endsWith(whole.slice(-10))).toBe(true);
  }
  expect(output.text.startsWith(whole.slice(0, 10))).toBe(true);
  expect(output.truncation.bytes).toBe(whole.length);
});

test("a gigabyte costs no more memory than is kept", () => {
  const output = new CapturedOutput(1_048_576);
  const piece = Buffer.alloc(1_048_576, "x");
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < 1_024; round += 1) output.push(piece);
  expect(output.truncation).toEqual({ bytes: 2 ** 30, omittedBytes: 2 ** 30 - 1_048_576 });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1_048_576);
});
