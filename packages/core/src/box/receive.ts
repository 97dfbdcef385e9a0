import { PassThrough } from "node:stream";
import type { Connection } from "../stream/connection.ts";
import { operate } from "./operation.ts";

export interface ReceiveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Most bytes to take, whatever the agent was asked; more end the copy with `tooMuch()`. */
  readonly maxBytes?: number;
  readonly tooMuch?: () => Error;
}

/** Stream 1 of an operation as a Readable that waits for its reader. */
export function receive(
  connection: Connection,
  operation: object,
  options: ReceiveOptions = {},
): { readonly stream: PassThrough; readonly done: Promise<unknown> } {
  const stream = new PassThrough({ highWaterMark: 262_144 });
  const { signal, maxBytes = Infinity, tooMuch } = options;
  let bytes = 0;
  const local = new AbortController();
  const stop = (): void => local.abort(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  stream.once("close", () => {
    if (!stream.readableEnded) local.abort(new Error("The copy was given up."));
  });
  const done = operate(connection, operation, {
    signal: local.signal,
    onData: (_stream, data) => {
      bytes += data.length;
      if (bytes > maxBytes) return local.abort(tooMuch?.());
      if (stream.destroyed || stream.write(data)) return;
      return new Promise<void>((taken) => {
        stream.once("drain", taken);
        stream.once("close", taken);
      });
    },
  })
    .then(
      () => void stream.end(),
      (error: Error) => {
        stream.destroy(error);
        throw error;
      },
    )
    .finally(() => signal?.removeEventListener("abort", stop));
  done.catch(() => {});
  return { stream, done };
}
