/** Milliseconds that the work took. */
export async function elapsedMs(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** The middle value; of an even number of values the lower middle one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!;
}

/**
 * Our work and the peer's, taken in turns so that both meet the same machine; the medians in milliseconds.
 * Each takes `inARow` measurements at a time: what the other has left the machine to clean up falls on the first.
 */
export async function inTurns(
  rounds: number,
  ours: () => Promise<number>,
  theirs: () => Promise<number>,
  inARow = 1,
): Promise<{ readonly ours: number; readonly theirs: number }> {
  const measured = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 0; round < Math.ceil(rounds / inARow); round += 1) {
    for (let time = 0; time < inARow; time += 1) measured.theirs.push(await theirs());
    for (let time = 0; time < inARow; time += 1) measured.ours.push(await ours());
  }
  return { ours: median(measured.ours), theirs: median(measured.theirs) };
}

/** Growth of this program's resident memory while the work runs, in MiB, sampled every 20 ms. */
export async function memoryGrowthMiB(work: () => Promise<unknown>): Promise<number> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let most = before;
  const sampler = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 20);
  try {
    await work();
  } finally {
    clearInterval(sampler);
  }
  return (Math.max(most, process.memoryUsage.rss()) - before) / 1_048_576;
}
