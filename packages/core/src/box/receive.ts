import { PassThrough } from "node:stream";
import type { Connection } from "../stream/connection.ts";
import { operate } from "./operation.ts";

/** Stream 1 of an operation as a Readable that waits for its reader. */
export function receive(
  connection: Connection,
  operation: object,
  signal: AbortSignal | undefined,
): { readonly stream: PassThrough; readonly done: Promise<unknown> } {
  const stream = new PassThrough({ highWaterMark: 262_144 });
  const local = new AbortController();
  const stop = (): void => local.abort(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  stream.once("close", () => {
    if (!stream.readableEnded) local.abort(new Error("The copy was given up."));
  });
  const done = operate(connection, operation, {
    signal: local.signal,
    onData: (_stream, data) => {
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
