import * as fc from "fast-check";
import { expect, test } from "vitest";
import { CollectedBytes } from "./collected-bytes.ts";

test("the pieces come back whole and in order, whatever their sizes", () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 3_000, max: 20_000 })));
  fc.assert(
    fc.property(sizes, (lengths) => {
      const bytes = new CollectedBytes();
      const pieces = lengths.map((length, at) => Buffer.alloc(length, at + 1));
      for (const piece of pieces) bytes.push(piece);
      const whole = Buffer.concat(pieces);
      expect(bytes.length).toBe(whole.length);
      expect(Buffer.compare(bytes.take(), whole)).toBe(0);
      bytes.push(Buffer.from("next"));
      expect(bytes.take().toString()).toBe("next");
    }),
    { numRuns: 50 },
  );
});

test("a flood of single bytes costs little more than the bytes", () => {
  const bytes = new CollectedBytes();
  const chunk = Buffer.alloc(65_536, "x");
  const before = process.memoryUsage();
  for (let at = 0; at < 1_000_000; at += 1) bytes.push(chunk.subarray(at % 65_536, (at % 65_536) + 1));
  const after = process.memoryUsage();
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(8 * 1_048_576);
  expect(bytes.take()).toHaveLength(1_000_000);
});
