import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FrameError } from "../stream/frame.ts";
import type { Message } from "../stream/message.ts";
import { collectGarbage } from "../testing/collect-garbage.ts";
import { StructuredMessages } from "./structured-messages.ts";

const line = (message: unknown): Buffer => Buffer.from(`${JSON.stringify(message)}\n`, "utf8");

function collect(): { readonly messages: Message[]; readonly reader: StructuredMessages } {
  const messages: Message[] = [];
  return { messages, reader: new StructuredMessages((message) => void messages.push({ ...message })) };
}

test("messages come out the same however the bytes are split", () => {
  const sent = fc.array(
    fc.record({ type: fc.string(), text: fc.string({ unit: "binary", maxLength: 40 }) }),
    {
      maxLength: 6,
    },
  );
  fc.assert(
    fc.property(sent, fc.integer({ min: 1, max: 50 }), (expected, size) => {
      const { messages, reader } = collect();
      const bytes = Buffer.concat(expected.map(line));
      for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
      expect(messages).toEqual(expected.map((message) => ({ ...message })));
      expect(reader.dropped).toBe(0);
    }),
    { numRuns: 40 },
  );
});

test("lines that are no JSON objects are dropped and counted, and the next are read", () => {
  const { messages, reader } = collect();
  reader.push(Buffer.from("not json\n[1]\n5\nnull\n\n\n"));
  reader.push(Buffer.from([0xff, 0xfe, 10]));
  reader.push(line({ type: "done", id: 1 }));
  expect(messages).toEqual([{ type: "done", id: 1 }]);
  expect(reader.dropped).toBe(5);
});

test("a line without an end is kept only up to the limit", () => {
  const { messages, reader } = collect();
  const piece = Buffer.alloc(4_000, "x");
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < 40_000; round += 1) reader.push(piece);
  collectGarbage();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1_048_576);
  reader.push(Buffer.from("\n"));
  reader.push(line({ type: "done" }));
  expect(messages).toEqual([{ type: "done" }]);
  expect(reader.dropped).toBe(1);
});

test("a flood of messages is cut off, but the end of the run comes through", () => {
  const { messages, reader } = collect();
  const display = line({ type: "display", data: { "text/plain": "x" } });
  for (let round = 0; round < 12_000; round += 1) reader.push(display);
  reader.push(line({ type: "done", id: 3, exitCode: 0 }));
  expect(messages).toHaveLength(10_001);
  expect(messages.at(-1)).toEqual({ type: "done", id: 3, exitCode: 0 });
  expect(reader.dropped).toBe(2_000);
});

test("large messages are cut off when they are too much together, until the next run", () => {
  const { messages, reader } = collect();
  const figure = line({ type: "display", data: { "image/png": "A".repeat(20 * 1_048_576) } });
  for (let round = 0; round < 5; round += 1) reader.push(figure);
  reader.push(line({ type: "done", id: 1 }));
  expect(messages).toHaveLength(4);
  reader.reset();
  reader.push(figure);
  expect(messages).toHaveLength(5);
  expect(reader.dropped).toBe(0);
});

test("a message that its receiver refuses is dropped and counted", () => {
  const reader = new StructuredMessages(() => {
    throw new FrameError("not one of mine");
  });
  reader.push(line({ type: "x" }));
  expect(reader.dropped).toBe(1);
});
