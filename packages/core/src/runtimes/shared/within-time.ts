/** Waits for tidying up, but no longer than a caller can be held up with it; it goes on by itself, and its failure is not told. */
export async function withinTime(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work.catch(() => {}), limit]);
  clearTimeout(timer);
}
