import { expect, test } from "vitest";
import { collectGarbage } from "../testing/collect-garbage.ts";
import { ScriptedAgent, dataFrame } from "../testing/scripted-agent.ts";
import { Connection } from "./connection.ts";
import { FrameType, encodeCredit, encodeData, encodeEnd } from "./frame.ts";

const hostWindow = 4_194_304;

async function open(window = 65_536): Promise<{ agent: ScriptedAgent; connection: Connection }> {
  const agent = new ScriptedAgent();
  agent.hello({ window });
  return { agent, connection: await Connection.open(agent.stream, { hello: {}, timeoutMs: 60_000 }) };
}

test("no more is sent than the agent's window until it grants credit", async () => {
  const { agent, connection } = await open(4_096);
  const channel = connection.request({ op: "write" });
  let written = false;
  const writing = channel.write(0, Buffer.alloc(10_000, "x")).then(() => {
    written = true;
  });
  expect((await agent.next(FrameType.data)).payload).toHaveLength(4_096);
  await agent.settled();
  expect(agent.count(FrameType.data)).toBe(0);
  agent.send(encodeCredit(1, 0, 4_096));
  expect((await agent.next(FrameType.data)).payload).toHaveLength(4_096);
  await agent.settled();
  expect(written).toBe(false);
  agent.send(encodeCredit(1, 0, 4_000));
  expect((await agent.next(FrameType.data)).payload).toHaveLength(10_000 - 2 * 4_096);
  await writing;
});

test("streams have credit of their own", async () => {
  const { agent, connection } = await open(4_096);
  const channel = connection.request({ op: "spawn" });
  void channel.write(0, Buffer.alloc(5_000)).catch(() => {});
  await channel.write(3, Buffer.alloc(4_096));
  const streams = [(await agent.next(FrameType.data)).stream, (await agent.next(FrameType.data)).stream];
  expect(streams.toSorted()).toEqual([0, 3]);
});

test("a write that waits for credit ends when the operation does, and rejects when the box is lost", async () => {
  const { agent, connection } = await open(4_096);
  const ending = connection.request({ op: "a" });
  const losing = connection.request({ op: "b" });
  const first = ending.write(0, Buffer.alloc(5_000));
  const second = losing.write(0, Buffer.alloc(5_000));
  second.catch(() => {});
  agent.result(1, {});
  await first;
  agent.end();
  await expect(second).rejects.toMatchObject({ code: "BOX_LOST" });
});

test("END is sent once, after the data", async () => {
  const { agent, connection } = await open();
  const channel = connection.request({ op: "write" });
  await channel.write(0, Buffer.from("x"));
  channel.end(0);
  channel.end(0);
  await channel.write(0, Buffer.from("late"));
  await agent.next(FrameType.end);
  await agent.settled();
  expect([agent.count(FrameType.data), agent.count(FrameType.end)]).toEqual([1, 0]);
});

test("credit is granted as data are consumed, a quarter of the window at a time", async () => {
  const { agent, connection } = await open();
  connection.request({ op: "read" });
  for (let sent = 0; sent < 15; sent += 1) agent.send(dataFrame(1, 1, Buffer.alloc(65_536)));
  await agent.settled();
  expect(agent.count(FrameType.credit)).toBe(0);
  agent.send(dataFrame(1, 1, Buffer.alloc(65_536)));
  const credit = Buffer.from((await agent.next(FrameType.credit)).payload);
  expect([credit[0], credit.readUInt32BE(1)]).toEqual([1, hostWindow / 4]);
});

test("a slow consumer stops the sender: nothing is granted before it is done, and order is kept", async () => {
  const { agent, connection } = await open();
  const taken: string[] = [];
  let release = (): void => {};
  const channel = connection.request(
    { op: "read" },
    {
      onData: (_stream, data) => {
        taken.push(Buffer.from(data.subarray(0, 2)).toString());
        return new Promise((resolve) => {
          release = resolve;
        });
      },
    },
  );
  const frames = Array.from({ length: 64 }, (_, at) => Buffer.alloc(65_536, String(at).padStart(2, "0")));
  agent.send(...frames.map((data) => dataFrame(1, 1, data)));
  await agent.settled();
  expect(taken).toEqual(["00"]);
  expect(agent.count(FrameType.credit)).toBe(0);
  for (let at = 1; at < 64; at += 1) {
    release();
    await agent.settled();
    expect(taken).toHaveLength(at + 1);
  }
  expect(taken).toEqual(frames.map((data) => data.subarray(0, 2).toString()));
  expect(agent.count(FrameType.credit)).toBe(3);
  expect(channel.received(1)).toBe(hostWindow);
});

test("END and the result come after all data were consumed", async () => {
  const { agent, connection } = await open();
  const told: string[] = [];
  const channel = connection.request(
    { op: "read" },
    {
      onData: async (_stream, data) => {
        await new Promise((resolve) => setImmediate(resolve));
        told.push(Buffer.from(data).toString());
      },
      onEnd: (stream) => void told.push(`end ${stream}`),
    },
  );
  agent.send(dataFrame(1, 1, "a"), dataFrame(1, 1, "b"), encodeEnd(1, 1));
  agent.result(1, { bytes: 2 });
  await channel.result;
  expect(told).toEqual(["a", "b", "end 1"]);
});

test("a million pieces that wait for a slow consumer are delivered in order, without a deep stack", async () => {
  const { agent, connection } = await open();
  let release = (): void => {};
  let pieces = 0;
  let bytes = 0;
  const channel = connection.request(
    { op: "read" },
    {
      onData: (_stream, data) => {
        pieces += 1;
        bytes += data.length;
        if (pieces > 3) return;
        return new Promise((resolve) => {
          release = resolve;
        });
      },
    },
  );
  const piece = encodeData(1, 1, Uint8Array.of(7));
  const many = Buffer.concat(Array.from({ length: 65_536 }, () => piece));
  for (let sent = 0; sent < 16; sent += 1) agent.send(many);
  agent.result(1, {});
  while (channel.open) await agent.settled();
  for (let round = 0; round < 3; round += 1) {
    release();
    await agent.settled();
  }
  await channel.result;
  expect([pieces, bytes]).toEqual([16 * 65_536, 16 * 65_536]);
});

test("what waits for a slow consumer is dropped when the box is lost", async () => {
  const { agent, connection } = await open();
  let release = (): void => {};
  const taken: string[] = [];
  const channel = connection.request(
    { op: "read" },
    {
      onData: (_stream, data) => {
        taken.push(Buffer.from(data).toString());
        return new Promise((resolve) => {
          release = resolve;
        });
      },
      onEnd: () => void taken.push("end"),
    },
  );
  agent.send(dataFrame(1, 1, "a"), dataFrame(1, 1, "b"), encodeEnd(1, 1));
  await agent.settled();
  const consumed = channel.consumed();
  agent.end();
  await expect(channel.result).rejects.toMatchObject({ code: "BOX_LOST" });
  await consumed;
  release();
  await agent.settled();
  expect(taken).toEqual(["a"]);
});

test("a consumer that is never idle does not make what it took stay in memory", async () => {
  const { agent, connection } = await open();
  let release = (): void => {};
  let taken = 0;
  const refs: WeakRef<Uint8Array>[] = [];
  connection.request(
    { op: "read" },
    {
      onData: (_stream, data) => {
        taken += data.length;
        refs.push(new WeakRef(data));
        return new Promise((resolve) => {
          release = resolve;
        });
      },
    },
  );
  // Always one piece more than was taken, so that the queue is never empty.
  agent.send(dataFrame(1, 1, Buffer.alloc(1_000)));
  for (let round = 0; round < 4_000; round += 1) {
    agent.send(dataFrame(1, 1, Buffer.alloc(1_000)));
    await new Promise((resolve) => setImmediate(resolve));
    release();
  }
  await agent.settled();
  expect(taken).toBeGreaterThan(3_000_000);
  collectGarbage();
  expect(refs.slice(0, 1_000).filter((ref) => ref.deref()).length).toBeLessThan(100);
});
