import { expect, test } from "vitest";
import { ChildFrameError, ChildFrames, decodeCall, encodeReply } from "./child-frames.ts";

const frame = (kind: number, payload: Uint8Array): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length);
  head[4] = kind;
  return Buffer.concat([head, payload]);
};
const callOf = (json: string, data = ""): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(json));
  return Buffer.concat([length, Buffer.from(json), Buffer.from(data)]);
};

test("frames come whole, however they are cut", () => {
  const bytes = Buffer.concat([
    frame(1, Buffer.from("one")),
    frame(4, callOf('{"op":"x"}')),
    frame(2, Buffer.alloc(0)),
  ]);
  for (let size = 1; size <= bytes.length; size += 1) {
    const frames = new ChildFrames();
    const seen: string[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      for (const { kind, payload } of frames.push(bytes.subarray(at, at + size))) {
        seen.push(`${kind} ${payload.toString("latin1").length}`);
      }
    }
    expect(seen).toEqual(["1 3", "4 14", "2 0"]);
  }
});

test("a frame that claims to be huge is refused before anything is kept", () => {
  const frames = new ChildFrames();
  expect(() => [...frames.push(Buffer.from([0xff, 0xff, 0xff, 0xff, 1]))]).toThrow(ChildFrameError);
});

test.each([
  ["nothing", Buffer.alloc(0)],
  ["a length past its end", Buffer.from([0, 0, 1, 0, 1])],
  ["no JSON", callOf("{")],
  ["a list", callOf("[1]")],
  ["null", callOf("null")],
])("a call that is %s is refused", (_what, payload) => {
  expect(() => decodeCall(payload)).toThrow(ChildFrameError);
});

test("a call inherits nothing and brings its bytes", () => {
  const { request, data } = decodeCall(callOf('{"op":"write","__proto__":{"x":1}}', "bytes"));
  expect(request["op"]).toBe("write");
  expect((request as { toString?: unknown }).toString).toBeUndefined();
  expect(request["x"]).toBeUndefined();
  expect(data.toString()).toBe("bytes");
});

test("a reply has its lengths before it", () => {
  const reply = encodeReply({ a: 1 }, Buffer.from("xyz"));
  expect(reply.readUInt32BE(0)).toBe(reply.length - 4);
  expect(reply.toString("utf8", 8, 8 + reply.readUInt32BE(4))).toBe('{"a":1}');
  expect(reply.toString("utf8", 8 + reply.readUInt32BE(4))).toBe("xyz");
});
