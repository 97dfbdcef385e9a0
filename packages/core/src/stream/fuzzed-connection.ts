import { ScriptedAgent, helloFrame } from "../testing/scripted-agent.ts";
import { Connection } from "./connection.ts";
import { mutatedFrame } from "./hostile-bytes.ts";

/**
 * Sends mutated frames to a connection with operations under way, and returns the code it ended with.
 * Rejects when an operation does not settle: with a hang, a test that awaits this does not end.
 */
export async function fuzzedConnection(random: () => number, frames: number): Promise<string> {
  const agent = new ScriptedAgent();
  agent.send(helloFrame());
  const connection = await Connection.open(agent.stream, { hello: {}, timeoutMs: 60_000 });
  const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const channels = [
    connection.request({ op: "a" }),
    connection.request({ op: "b" }, { onData: later, onEnd: () => {}, onEvent: () => {} }),
    connection.request({ op: "c" }, { onData: (stream) => (stream === 2 ? later() : undefined) }),
  ];
  const settled = Promise.allSettled(channels.map((channel) => channel.result));
  const writing = channels.map((channel) => channel.write(0, Buffer.alloc(100_000)).catch(() => {}));
  for (let sent = 0; sent < frames; sent += 25) {
    agent.send(...Array.from({ length: 25 }, () => mutatedFrame(random)));
    await later();
  }
  agent.end();
  await settled;
  await Promise.all(writing);
  while (!connection.failure) await later();
  return String((connection.failure as { code?: string }).code);
}
