import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { withHostLock } from "./host-lock.ts";
import { shared } from "./shared-work.ts";

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });

describe("shared work", () => {
  it("is done once for all who wait for it, and again for who comes later", async () => {
    let times = 0;
    const work = async () => {
      times += 1;
      await sleep(1);
      return times;
    };
    expect(await Promise.all([1, 2, 3].map(() => shared("once", undefined, work)))).toEqual([1, 1, 1]);
    expect(await shared("once", undefined, work)).toBe(2);
  });

  it("goes on while one still waits, and is aborted when nobody does", async () => {
    const [first, second] = [new AbortController(), new AbortController()];
    let told: AbortSignal | undefined;
    const work = (signal: AbortSignal) => {
      told = signal;
      return untilAborted(signal);
    };
    const one = shared("abort", first.signal, work);
    const two = shared("abort", second.signal, work);
    first.abort(new Error("first left"));
    await expect(one).rejects.toThrow("first left");
    expect(told?.aborted).toBe(false);
    second.abort(new Error("second left"));
    await expect(two).rejects.toThrow("second left");
    expect(told?.aborted).toBe(true);
  });
});

describe("a lock of this machine", () => {
  const signal = new AbortController().signal;

  it("lets one in after the other", async () => {
    let inside = 0;
    let most = 0;
    let told = 0;
    const name = `test ${process.pid} ${Math.random()}`;
    await Promise.all(
      [1, 2, 3].map(() =>
        withHostLock(name, { signal, waiting: () => (told += 1) }, async () => {
          inside += 1;
          most = Math.max(most, inside);
          await sleep(20);
          inside -= 1;
        }),
      ),
    );
    expect(most).toBe(1);
    expect(told).toBeGreaterThan(0);
  });

  it("is given up when its work fails", async () => {
    const name = `test ${process.pid} ${Math.random()}`;
    const fail = () => Promise.reject(new Error("no"));
    await expect(withHostLock(name, { signal, waiting: () => {} }, fail)).rejects.toThrow("no");
    expect(await withHostLock(name, { signal, waiting: () => {} }, async () => 1)).toBe(1);
  });
});
