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

/** Our work and the peer's, taken in turns so that both meet the same machine; the medians in milliseconds. */
export async function inTurns(
  rounds: number,
  ours: () => Promise<number>,
  theirs: () => Promise<number>,
): Promise<{ readonly ours: number; readonly theirs: number }> {
  const measured = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    measured.theirs.push(await theirs());
    measured.ours.push(await ours());
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
