const { floor } = Math;
// Taken before any other code could change it.
const origin = performance.timeOrigin;
export const now: () => number = performance.now.bind(performance);
const startedAt = now();

export const nanosecondsInMs = 1_000_000;

/** Milliseconds since 1970. */
export const wallNow = (): number => origin + now();

/** Nanoseconds of one of WASI's clocks: 0 is the time of day, 1 only goes on, others count from this program's start. */
export function timeOf(clock: number): bigint {
  if (clock === 0) return BigInt(floor(wallNow() * 1_000)) * 1_000n;
  return BigInt(floor((clock === 1 ? now() : now() - startedAt) * nanosecondsInMs));
}
