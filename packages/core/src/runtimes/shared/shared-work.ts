import { orAborted } from "./or-aborted.ts";

interface Work {
  readonly outcome: Promise<unknown>;
  readonly abort: AbortController;
  waiting: number;
}

const running = new Map<string, Work>();

/**
 * Does the work of a key once for all who ask for it at the same time. Whoever aborts leaves; the work itself is
 * aborted when nobody waits for it any more.
 */
export async function shared<Answer>(
  key: string,
  signal: AbortSignal | undefined,
  start: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  signal?.throwIfAborted();
  const work = running.get(key) ?? begin(key, start);
  work.waiting += 1;
  try {
    return (await orAborted(work.outcome, signal)) as Answer;
  } finally {
    work.waiting -= 1;
    if (work.waiting === 0) {
      if (running.get(key) === work) running.delete(key);
      work.abort.abort(new Error("nobody waits for it any more"));
    }
  }
}

function begin(key: string, start: (signal: AbortSignal) => Promise<unknown>): Work {
  const abort = new AbortController();
  const work: Work = { outcome: start(abort.signal), abort, waiting: 0 };
  running.set(key, work);
  return work;
}
