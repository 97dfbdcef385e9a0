import { SandboxError } from "../../errors.ts";

/** What bounds a call. */
export interface CallOptions {
  /** What the caller wanted, to be read after "the engine to": `create the box`. */
  readonly what: string;
  /** Where the engine is, for messages. */
  readonly address: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** After success the caller's signal goes on aborting what the call returned (a stream). */
  readonly keepAborting?: boolean;
}

/**
 * Settles within the time limit, whatever the engine does: with the call's outcome, with ENGINE_TIMEOUT, or with the
 * signal's reason once aborted. The call itself is told through the signal that it gets.
 */
export async function boundedCall<Answer>(
  options: CallOptions,
  call: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const { signal, timeoutMs } = options;
  signal?.throwIfAborted();
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  let succeeded = false;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(timeoutError(options));
      abort.abort();
    }, timeoutMs);
    onAbort = () => {
      reject(signal?.reason);
      abort.abort();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
  });
  // Later rejections of the side that lost the race are nobody's business.
  limit.catch(() => {});
  try {
    const answer = await Promise.race([call(abort.signal), limit]);
    succeeded = true;
    return answer;
  } finally {
    clearTimeout(timer);
    if (onAbort && !(succeeded && options.keepAborting)) signal?.removeEventListener("abort", onAbort);
  }
}

function timeoutError(options: CallOptions): SandboxError {
  return new SandboxError(
    "ENGINE_TIMEOUT",
    `The engine at ${options.address} took longer than ${options.timeoutMs} ms to ${options.what}.`,
    { remedy: "Look at the engine's log, or restart it; `docker ps` shows whether it answers." },
  );
}
