import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FrameDecoder } from "./frame-decoder.ts";
import { FrameError, FrameType, encodeFrame, maxDataBytes, maxPayloadBytes } from "./frame.ts";
import type { Frame } from "./frame.ts";
import { decodeAll, mutatedFrame, seededRandom } from "./hostile-bytes.ts";

const types = Object.values(FrameType);
const anyFrame = fc.record({
  type: fc.constantFrom(...types),
  channel: fc.integer({ min: 0, max: 0xffff_ffff }),
  payload: fc.uint8Array({ minLength: 2, maxLength: 300 }),
});

test("any split of the bytes gives the same frames", () => {
  fc.assert(
    fc.property(
      fc.array(anyFrame, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 })),
      (sent, cuts) => {
        const bytes = Buffer.concat(
          sent.map(({ type, channel, payload }) => encodeFrame(type, channel, payload)),
        );
        const decoder = new FrameDecoder();
        const received: Frame[] = [];
        for (const chunk of split(bytes, cuts)) received.push(...decoder.push(chunk));
        expect(joined(received.map(unpacked))).toEqual(joined(sent.map(plain)));
        expect(decoder.atBoundary).toBe(true);
      },
    ),
  );
});

test("a stream that ends within a frame is not at a boundary", () => {
  const bytes = encodeFrame(FrameType.open, 1, Buffer.from("{}"));
  for (let length = 1; length < bytes.length; length += 1) {
    const decoder = new FrameDecoder();
    expect([...decoder.push(bytes.subarray(0, length))]).toEqual([]);
    expect(decoder.atBoundary).toBe(false);
  }
});

test("a length beyond the limit is refused with the header, before any payload", () => {
  const header = (length: number, type: number): Buffer => {
    const bytes = Buffer.alloc(9);
    bytes.writeUInt32BE(length, 0);
    bytes[4] = type;
    return bytes;
  };
  const refused = [
    header(maxPayloadBytes + 1, FrameType.result),
    header(0xffff_ffff, FrameType.event),
    header(maxDataBytes + 2, FrameType.data),
  ];
  for (const bytes of refused) {
    expect(() => [...new FrameDecoder().push(bytes)]).toThrow(FrameError);
    const decoder = new FrameDecoder();
    expect(() => [...bytes].forEach((byte) => [...decoder.push(Uint8Array.of(byte))])).toThrow(FrameError);
  }
  expect([...new FrameDecoder().push(header(maxDataBytes + 1, FrameType.data))]).toEqual([]);
});

test("types that do not exist are refused", () => {
  const all = Array.from({ length: 256 }, (_, type) => type);
  const accepted = all.filter((type) => !decodeAll([encodeFrame(type, 1, Buffer.from("{}"))]).failed);
  expect(accepted).toEqual(types.toSorted((a, b) => a - b));
});

test("a payload of a mebibyte that comes byte by byte is put together", () => {
  const payload = Buffer.alloc(maxPayloadBytes, "x");
  const decoder = new FrameDecoder();
  const frames: Frame[] = [];
  const bytes = encodeFrame(FrameType.result, 9, payload);
  for (let at = 0; at < bytes.length; at += 7) frames.push(...decoder.push(bytes.subarray(at, at + 7)));
  expect(frames).toHaveLength(1);
  expect(Buffer.compare(frames[0]!.payload, payload)).toBe(0);
});

test("mutated frames give frames or a FrameError, and change no prototype", () => {
  const random = seededRandom(20_261_125);
  let failures = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const { frames, failed } = decodeAll([mutatedFrame(random), mutatedFrame(random)]);
    expect(frames.length).toBeLessThanOrEqual(4);
    if (failed) failures += 1;
  }
  expect(failures).toBeGreaterThan(1_000);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test("random bytes give frames or a FrameError", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
      expect(() => decodeAll(chunks)).not.toThrow();
    }),
  );
});

function* split(bytes: Buffer, cuts: readonly number[]): Generator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = cuts.length === 0 ? bytes.length : cuts[turn % cuts.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const unpacked = (frame: Frame): PlainFrame => ({ ...frame, payload: [...frame.payload] });

/** What was sent, as the decoder hands it on: the stream of a DATA frame apart from its data. */
function plain({ type, channel, payload }: Pick<Frame, "type" | "channel" | "payload">): PlainFrame {
  const isData = type === FrameType.data;
  const data = [...payload];
  return { type, channel, stream: isData ? data.shift()! : 0, payload: data };
}

/** Joins the pieces of DATA frames that follow each other; what was sent is joined alike. */
function joined(frames: readonly PlainFrame[]): PlainFrame[] {
  const wholes: PlainFrame[] = [];
  for (const frame of frames) {
    const last = wholes.at(-1);
    const continues =
      frame.type === FrameType.data &&
      last?.type === FrameType.data &&
      last.channel === frame.channel &&
      last.stream === frame.stream;
    if (continues) last.payload.push(...frame.payload);
    else wholes.push({ ...frame, payload: [...frame.payload] });
  }
  return wholes;
}

interface PlainFrame {
  readonly type: number;
  readonly channel: number;
  readonly stream: number;
  readonly payload: number[];
}
