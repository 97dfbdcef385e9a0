import type { Readable } from "node:stream";
import type { Connection } from "../stream/connection.ts";
import { operate } from "./operation.ts";
import { OutputReadable } from "./output-readable.ts";

export interface ReceiveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Most bytes to take, whatever the agent was asked; more end the copy with `tooMuch()`. */
  readonly maxBytes?: number;
  readonly tooMuch?: () => Error;
}

/** Stream 1 of an operation as a Readable that waits for its reader; destroying it cancels the operation. */
export function receive(
  connection: Connection,
  operation: object,
  options: ReceiveOptions = {},
): { readonly stream: Readable; readonly done: Promise<unknown> } {
  const stream = new OutputReadable(262_144);
  const { signal, maxBytes = Infinity, tooMuch } = options;
  let bytes = 0;
  const given = new AbortController();
  stream.once("close", () => {
    if (!stream.readableEnded) given.abort(new Error("The copy was given up."));
  });
  const done = operate(connection, operation, {
    signal: signal ? AbortSignal.any([signal, given.signal]) : given.signal,
    onData: (_stream, data) => {
      bytes += data.length;
      if (bytes > maxBytes) return given.abort(tooMuch?.());
      return stream.accept(data);
    },
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
