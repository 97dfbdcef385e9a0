import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { CollectedBytes } from "../box/collected-bytes.ts";
import { OutputReadable } from "../box/output-readable.ts";
import { helloFrame } from "../testing/scripted-agent.ts";
import { Connection } from "./connection.ts";
import { FrameType, encodeData, encodeEnd, encodeJson } from "./frame.ts";

/** A transport that brings everything in the same memory, which holds something else once the event is over. */
class Reusing extends Duplex {
  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done();
  }

  bring(bytes: Buffer, pieceBytes: number): void {
    const memory = Buffer.alloc(pieceBytes);
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const size = bytes.copy(memory, 0, at, at + pieceBytes);
      this.emit("data", memory.subarray(0, size));
      memory.fill(0xff);
    }
  }
}

const opened = async (pieceBytes: number): Promise<{ stream: Reusing; connection: Connection }> => {
  const stream = new Reusing();
  const opening = Connection.open(stream, { hello: {}, timeoutMs: 10_000 });
  stream.bring(helloFrame(), pieceBytes);
  return { stream, connection: await opening };
};

const content = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));
const frames = Buffer.concat([
  encodeJson(FrameType.event, 1, { event: "started", pid: 7 }),
  ...[0, 50_000, 100_000, 150_000].map((at) => encodeData(1, 1, content.subarray(at, at + 50_000))),
  encodeEnd(1, 1),
  encodeJson(FrameType.result, 1, { said: "it is over" }),
]);

test.for([1, 7, 1_000, 65_536, 1_000_000])(
  "nothing is lost of what comes in the same memory, %i bytes at a time",
  async (pieceBytes) => {
    const { stream, connection } = await opened(pieceBytes);
    const kept = new CollectedBytes();
    const events: unknown[] = [];
    const channel = connection.request(
      { op: "read" },
      { onData: (_stream, data) => kept.push(data), onEvent: (event) => void events.push(event["pid"]) },
    );
    stream.bring(frames, pieceBytes);
    expect(await channel.result).toEqual({ said: "it is over" });
    expect(kept.take().equals(content)).toBe(true);
    expect(events).toEqual([7]);
  },
);

test.for([7, 1_000, 65_536])("nor while its consumer is slow, %i bytes at a time", async (pieceBytes) => {
  const { stream, connection } = await opened(pieceBytes);
  const kept = new CollectedBytes();
  let isFirst = true;
  const channel = connection.request(
    { op: "read" },
    {
      onData: (_stream, data) => {
        kept.push(data);
        if (!isFirst) return undefined;
        isFirst = false;
        return new Promise((resolve) => void setImmediate(resolve));
      },
    },
  );
  stream.bring(frames, pieceBytes);
  await channel.result;
  expect(kept.take().equals(content)).toBe(true);
});

test("nor when it is read as a stream", async () => {
  const { stream, connection } = await opened(1_000);
  const output = new OutputReadable();
  const channel = connection.request(
    { op: "read" },
    { onData: (_stream, data) => output.accept(data), onEnd: () => output.finish() },
  );
  stream.bring(frames, 1_000);
  const all = await output.toArray();
  await channel.result;
  expect(Buffer.concat(all as Buffer[]).equals(content)).toBe(true);
});
