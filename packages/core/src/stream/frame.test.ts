import { expect, test } from "vitest";
import {
  FrameError,
  FrameType,
  encodeCredit,
  encodeData,
  encodeEnd,
  encodeFrame,
  encodeJson,
  maxPayloadBytes,
} from "./frame.ts";

test("a frame is length, type and channel in big-endian, then the payload", () => {
  expect(encodeFrame(FrameType.ping, 0x01020304, Buffer.from("ab")).toString("hex")).toBe(
    "000000020a010203046162",
  );
});

test("DATA, END, CREDIT and JSON frames have the form of the protocol", () => {
  expect(encodeData(7, 2, Buffer.from("x")).toString("hex")).toBe("0000000203000000070278");
  expect(encodeEnd(7, 1).toString("hex")).toBe("00000001040000000701");
  expect(encodeCredit(7, 1, 65_536).toString("hex")).toBe("0000000505000000070100010000");
  expect(encodeJson(FrameType.goodbye, 0, { reason: "é" }).subarray(9).toString("utf8")).toBe(
    '{"reason":"é"}',
  );
});

test("a payload over a mebibyte cannot be sent", () => {
  expect(() => encodeFrame(FrameType.open, 1, new Uint8Array(maxPayloadBytes + 1))).toThrow(FrameError);
  expect(encodeFrame(FrameType.open, 1, new Uint8Array(maxPayloadBytes))).toHaveLength(maxPayloadBytes + 9);
});
