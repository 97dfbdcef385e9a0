import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { OutputChunk } from "../execution.ts";
import { Outputs } from "./outputs.ts";

const options = { maxOutputBytes: 1_024 };

test("a listener gets whole characters, however the bytes are split", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 5 }), (text, size) => {
      const heard: OutputChunk[] = [];
      const outputs = new Outputs({ ...options, onOutput: (chunk) => void heard.push(chunk) }, () => {});
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += size) void outputs.push(1, bytes.subarray(at, at + size));
      outputs.end(1);
      expect(heard.map((chunk) => chunk.text).join("")).toBe(bytes.toString());
      expect(heard.every((chunk) => chunk.stream === "stdout")).toBe(true);
      const isWhole = (chunk: OutputChunk): boolean => chunk.text.isWellFormed() && chunk.text !== "";
      expect(heard.every(isWhole)).toBe(true);
    }),
  );
});

test("an unfinished character at the end is told as a replacement character", () => {
  const heard: string[] = [];
  const outputs = new Outputs({ ...options, onOutput: ({ text }) => void heard.push(text) }, () => {});
  void outputs.push(2, Buffer.from([0x61, 0xe2, 0x82]));
  outputs.end(2);
  expect(heard).toEqual(["a", "\uFFFD"]);
});

test("a listener that throws cancels the run once and hears nothing more; all output is still kept", () => {
  const error = new Error("listener");
  let cancels = 0;
  let calls = 0;
  const onOutput = (): void => {
    calls += 1;
    throw error;
  };
  const outputs = new Outputs({ ...options, onOutput }, () => {
    cancels += 1;
  });
  for (let round = 0; round < 3; round += 1) void outputs.push(1, Buffer.from("x"));
  expect([calls, cancels]).toEqual([1, 1]);
  expect(outputs.failure).toEqual({ error });
  expect(outputs.captured().stdout).toBe("xxx");
});

test("a listener that rejects cancels the run, and settled never rejects", async () => {
  const error = new Error("listener");
  let cancels = 0;
  const onOutput = async (): Promise<void> => {
    throw error;
  };
  const outputs = new Outputs({ ...options, onOutput }, () => {
    cancels += 1;
  });
  void outputs.push(1, Buffer.from("x"));
  await outputs.settled;
  expect(cancels).toBe(1);
  expect(outputs.failure).toEqual({ error });
});

test("a slow listener holds the source back and is waited for", async () => {
  const release = Promise.withResolvers<void>();
  const outputs = new Outputs({ ...options, onOutput: () => release.promise }, () => {});
  const taken = outputs.push(1, Buffer.from("x"));
  expect(taken).toBeInstanceOf(Promise);
  expect(outputs.untaken).toBe(1);
  release.resolve();
  await taken;
  await outputs.settled;
  expect(outputs.untaken).toBe(0);
});
