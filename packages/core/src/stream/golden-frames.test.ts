import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { SandboxError } from "../errors.ts";
import { ScriptedAgent } from "../testing/scripted-agent.ts";
import { Connection } from "./connection.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import { FrameType, encodeCredit, encodeData, encodeEnd, encodeFrame, encodeJson } from "./frame.ts";
import { decodeMessage } from "./message.ts";

/** Frames that the agent, in Go, and the host must write and read alike. */
interface Golden {
  readonly frames: readonly {
    readonly name: string;
    readonly hex: string;
    readonly type: string;
    readonly channel: number;
    readonly payloadHex?: string;
    readonly payloadJson?: object;
    readonly stream?: number;
    readonly dataHex?: string;
    readonly credit?: number;
  }[];
  readonly invalid: readonly {
    readonly name: string;
    readonly hex: string;
    readonly from: "host" | "agent";
    readonly reason: string;
  }[];
}

const path = new URL("../../../agent/testdata/frames.json", import.meta.url);
const golden = JSON.parse(readFileSync(path, "utf8")) as Golden;
type GoldenFrame = Golden["frames"][number];

const typeOf = ({ type }: GoldenFrame): number => FrameType[type.toLowerCase() as keyof typeof FrameType];

function encode(frame: GoldenFrame): Buffer {
  const { channel, stream = -1, dataHex, credit, payloadJson, payloadHex = "" } = frame;
  if (payloadJson) return encodeJson(typeOf(frame), channel, payloadJson);
  if (dataHex !== undefined) return encodeData(channel, stream, Buffer.from(dataHex, "hex"));
  if (credit !== undefined) return encodeCredit(channel, stream, credit);
  if (stream >= 0) return encodeEnd(channel, stream);
  return encodeFrame(typeOf(frame), channel, Buffer.from(payloadHex, "hex"));
}

test.each(golden.frames)("$name is written as the agent writes it", (frame) => {
  expect(encode(frame).toString("hex")).toBe(frame.hex);
});

test.each(golden.frames)("$name is read as the agent reads it", (expected) => {
  const bytes = Buffer.from(expected.hex, "hex");
  const decoder = new FrameDecoder();
  const frames = [...decoder.push(bytes)];
  expect(decoder.atBoundary).toBe(true);
  expect(frames).toHaveLength(1);
  const frame = frames[0]!;
  expect([frame.type, frame.channel]).toEqual([typeOf(expected), expected.channel]);
  const isData = frame.type === FrameType.data;
  expect(Buffer.from(frame.payload)).toEqual(bytes.subarray(isData ? 10 : 9));
  expect(frame.stream).toBe(isData ? expected.stream : 0);
  const json = expected.payloadJson === undefined ? undefined : { ...decodeMessage(frame.payload) };
  expect(json).toEqual(expected.payloadJson);
});

test.each(golden.invalid.filter(({ from }) => from === "agent"))(
  "$name is refused",
  async ({ hex, reason }) => {
    const agent = new ScriptedAgent();
    agent.hello();
    const lost = Promise.withResolvers<SandboxError>();
    const connection = await Connection.open(agent.stream, {
      hello: {},
      timeoutMs: 60_000,
      onLost: lost.resolve,
    });
    connection.request({ op: "x" });
    agent.send(Buffer.from(hex, "hex"));
    agent.end();
    // A stream that only ends too early is a box that died.
    expect((await lost.promise).code).toBe(reason === "end" ? "BOX_LOST" : "PROTOCOL_ERROR");
  },
);
