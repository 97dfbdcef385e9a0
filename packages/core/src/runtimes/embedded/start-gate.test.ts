import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { StartGate } from "./start-gate.ts";

const places = Math.max(2, availableParallelism());

test("as many as there are processors enter, the others in their order", async () => {
  const gate = new StartGate();
  const leave = await Promise.all(Array.from({ length: places }, () => gate.enter()));
  const order: number[] = [];
  const later = [1, 2].map((number) =>
    gate.enter().then((go) => {
      order.push(number);
      return go;
    }),
  );
  expect(gate.waiting).toBe(2);
  leave[0]!();
  leave[0]!(); // Twice is once.
  (await later[0])!();
  await later[1];
  expect(order).toEqual([1, 2]);
});

test("one that is aborted while it waits takes nobody's place", async () => {
  const gate = new StartGate();
  const leave = await Promise.all(Array.from({ length: places }, () => gate.enter()));
  const stop = new AbortController();
  const aborted = gate.enter(stop.signal);
  const other = gate.enter();
  stop.abort(new Error("stopped"));
  await expect(aborted).rejects.toThrow("stopped");
  leave[0]!();
  await other;
  await expect(gate.enter(stop.signal)).rejects.toThrow("stopped");
});
