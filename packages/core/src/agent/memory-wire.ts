import { duplexPair } from "node:stream";
import type { Duplex } from "node:stream";

/** The two ends of a stream within this program. As in a pipe, what was written is nobody else's memory. */
export function memoryWire(): { readonly host: Duplex; readonly agent: Duplex } {
  const [host, agent] = duplexPair({ highWaterMark: 65_536 });
  for (const end of [host, agent]) {
    const pass = end._write.bind(end);
    end._write = (chunk: Buffer, encoding, done) => pass(Buffer.from(chunk), encoding, done);
  }
  return { host, agent };
}
