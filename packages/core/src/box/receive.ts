import type { Readable } from "node:stream";
import type { Connection } from "../stream/connection.ts";
import { operate } from "./operation.ts";
import { OutputReadable } from "./output-readable.ts";

export interface ReceiveOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Stream 1 of an operation as a Readable that waits for its reader; destroying it cancels the operation. */
export function receive(
  connection: Connection,
  operation: object,
  options: ReceiveOptions = {},
): { readonly stream: Readable; readonly done: Promise<unknown> } {
  const stream = new OutputReadable(262_144);
  const { signal } = options;
  const given = new AbortController();
  stream.once("close", () => {
    if (!stream.readableEnded) given.abort(new Error("The copy was given up."));
  });
  const done = operate(connection, operation, {
    signal: signal ? AbortSignal.any([signal, given.signal]) : given.signal,
    onData: (_stream, data) => stream.accept(data),
  }).then(
    () => stream.finish(),
    (error: Error) => {
      stream.destroy(error);
      throw error;
    },
  );
  done.catch(() => {});
  return { stream, done };
}
