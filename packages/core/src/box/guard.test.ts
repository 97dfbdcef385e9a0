import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Guard, graceMs } from "./guard.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function guard(): { readonly guard: Guard; readonly ends: () => number } {
  let ends = 0;
  return {
    guard: new Guard(() => {
      ends += 1;
    }),
    ends: () => ends,
  };
}

test("the box is ended when a limit passes by more than the grace", () => {
  const { guard: clock, ends } = guard();
  clock.arm(1_000);
  vi.advanceTimersByTime(1_000 + graceMs - 1);
  expect(ends()).toBe(0);
  vi.advanceTimersByTime(1);
  expect(ends()).toBe(1);
});

test("a disarmed guard never ends anything, and arming anew starts anew", () => {
  const { guard: clock, ends } = guard();
  clock.arm(1_000);
  clock.disarm();
  vi.advanceTimersByTime(1_000_000);
  clock.arm(1_000);
  clock.arm(2_000);
  vi.advanceTimersByTime(1_500 + graceMs);
  expect(ends()).toBe(0);
  clock.disarm();
  expect(vi.getTimerCount()).toBe(0);
});

test("a run that waits for the host's own listener is not ended until it does not", () => {
  const { guard: clock, ends } = guard();
  let waits = true;
  clock.waitsForHost = () => waits;
  clock.arm(0);
  vi.advanceTimersByTime(10 * graceMs);
  expect(ends()).toBe(0);
  waits = false;
  vi.advanceTimersByTime(graceMs);
  expect(ends()).toBe(1);
});
