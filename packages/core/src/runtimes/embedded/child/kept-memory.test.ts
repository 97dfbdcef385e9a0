import { expect, test } from "vitest";
import { KeptMemory, packed } from "./kept-memory.ts";

const headBytes = 32;
const memoryBytes = 40 * 4_096;
const written = [0, 5_000, 70_000, 70_001, memoryBytes - 1];

/** A snapshot as Pyodide makes it: the second word of its head tells where the memory begins. */
function snapshot(): Uint8Array {
  const whole = new Uint8Array(headBytes + memoryBytes);
  new DataView(whole.buffer).setUint32(4, headBytes, true);
  for (const place of written) whole[headBytes + place] = 1 + (place % 250);
  return whole;
}

function fileOf(parts: readonly Uint8Array[], mostBytes = Infinity) {
  let rest = Buffer.concat(parts).subarray(0, mostBytes);
  const state = { closed: false };
  const readSync = (buffer: Uint8Array): number | null => {
    const count = rest.copy(buffer.subarray(0, 1_000));
    rest = rest.subarray(count);
    return count === 0 && buffer.length > 0 ? null : count;
  };
  return { state, readSync, close: () => void (state.closed = true) };
}

test("a memory comes back as it was, wherever it was written to before", () => {
  const whole = snapshot();
  const file = fileOf(packed(whole, Uint8Array.of(1, 2, 3)));
  const kept = new KeptMemory(file);
  expect(kept.head).toEqual(whole.subarray(0, headBytes));
  expect(kept.compiled).toEqual(Uint8Array.of(1, 2, 3));
  const memory = new Uint8Array(memoryBytes);
  const used = 110_000;
  memory.fill(255, 0, used);
  kept.restore(memory, used);
  expect(Buffer.compare(memory, whole.subarray(headBytes))).toBe(0);
  expect(file.state.closed).toBe(true);
});

test("what holds nothing is not kept", () => {
  const bytes = packed(snapshot(), new Uint8Array()).reduce((sum, part) => sum + part.length, 0);
  expect(bytes).toBeLessThan(memoryBytes / 2);
});

test("a file that is cut short is told of", () => {
  const kept = new KeptMemory(fileOf(packed(snapshot(), new Uint8Array()), 6_000));
  expect(() => kept.restore(new Uint8Array(memoryBytes), 0)).toThrow("cut short");
});
