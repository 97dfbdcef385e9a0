import { Agent } from "node:http";
import type { ClientRequestArgs } from "node:http";
import { createConnection } from "node:net";
import type { NetConnectOpts, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type Docker from "dockerode";

type Taker = (bytes: Buffer) => void;

const readBytes = 65_536;
const takers = new WeakMap<Duplex, Taker>();

/**
 * Connections that read into the same memory each time. Node's own take 64 KiB of new memory for each read, and the
 * garbage collector goes through the whole heap for every few dozen megabytes of it.
 */
class ReusingAgent extends Agent {
  override createConnection(options: ClientRequestArgs): Socket {
    const callback = (count: number, memory: Uint8Array): boolean => {
      const bytes = (memory as Buffer).subarray(0, count);
      const taker = socket.readableLength === 0 ? takers.get(socket) : undefined;
      if (!taker) return socket.push(Buffer.from(bytes));
      taker(bytes);
      return true;
    };
    const onread = { buffer: Buffer.allocUnsafeSlow(readBytes), callback };
    const socket: Socket = createConnection({ ...options, onread } as NetConnectOpts);
    return socket;
  }
}

const agent: Agent = new ReusingAgent();

/** The same engine by connections that `takeReads` can take from, where it is reached by a plain socket. */
export function withReusedReads(modem: Docker["modem"]): Docker["modem"] {
  const { protocol, agent: own } = modem as unknown as { protocol?: string; agent?: unknown };
  if (protocol !== "http" || own !== undefined) return modem;
  return Object.create(modem, { agent: { value: agent } }) as Docker["modem"];
}

/**
 * Gives what a connection reads to the taker, which may use the bytes during the call only. What came before, and
 * everything from another kind of connection, is emitted as "data" as ever.
 */
export function takeReads(connection: Duplex, taker: Taker): void {
  takers.set(connection, taker);
}
