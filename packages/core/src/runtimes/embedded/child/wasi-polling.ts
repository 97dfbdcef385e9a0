import { nanosecondsInMs, now, timeOf } from "./wasi-clocks.ts";
import type { InputDescriptor } from "./wasi-descriptors.ts";

const pause = new Int32Array(new SharedArrayBuffer(4));
const mostWaitMs = 1_000;
const subscriptionBytes = 48;
const eventBytes = 32;
const kinds = { clock: 0, read: 1, write: 2 } as const;

/** What a program that waits has: its memory, and its standard input, which is all that may keep it waiting beside clocks. */
export interface Polling {
  readonly view: () => DataView;
  readonly bytes: (at: number, length: number) => Uint8Array;
  readonly input: InputDescriptor;
  /** Whether a descriptor is the standard input. */
  readonly isInput: (fd: number) => boolean;
}

/** Waits for the first of `count` things that are asked for at an address, tells at another which have happened, and returns how many. */
export function poll(
  { view, bytes, input, isInput }: Polling,
  subscriptions: number,
  events: number,
  count: number,
): number {
  const memory = view();
  const asked = Array.from({ length: count }, (_, index) => {
    const at = subscriptions + index * subscriptionBytes;
    const kind = memory.getUint8(at + 8);
    const absolute = (memory.getUint16(at + 40, true) & 1) !== 0;
    const clock = memory.getUint32(at + 16, true);
    const timeout = kind === kinds.clock ? memory.getBigUint64(at + 24, true) : 0n;
    const inMs = Number(absolute ? timeout - timeOf(clock) : timeout) / nanosecondsInMs;
    return { userdata: memory.getBigUint64(at, true), kind, fd: clock, at: now() + inMs };
  });
  const waitsForInput = asked.some(({ kind, fd }) => kind === kinds.read && isInput(fd));
  const isReady = ({ kind, fd, at }: (typeof asked)[number]): boolean => {
    if (kind === kinds.clock) return now() >= at;
    return kind === kinds.write || !isInput(fd) || input.await(0) !== null;
  };
  for (;;) {
    const ready = asked.filter((each) => isReady(each));
    if (ready.length > 0 || asked.length === 0) {
      ready.forEach(({ userdata, kind, fd }, index) => {
        const at = events + index * eventBytes;
        bytes(at, eventBytes).fill(0);
        const written = view();
        written.setBigUint64(at, userdata, true);
        written.setUint8(at + 10, kind);
        const available = isInput(fd) && kind === kinds.read ? (input.await(0) ?? 0) : 1;
        if (kind !== kinds.clock) written.setBigUint64(at + 16, BigInt(available), true);
        if (kind === kinds.read && available === 0) written.setUint16(at + 24, 1, true);
      });
      return ready.length;
    }
    const first = Math.min(...asked.filter(({ kind }) => kind === kinds.clock).map(({ at }) => at));
    const waitMs = Math.max(0, Math.min(first - now(), mostWaitMs));
    if (waitsForInput) input.await(waitMs);
    else Atomics.wait(pause, 0, 0, waitMs);
  }
}
