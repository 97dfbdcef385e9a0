import { FrameDecoder } from "./frame-decoder.ts";
import { FrameError, FrameType, encodeFrame } from "./frame.ts";
import type { Frame } from "./frame.ts";
import { decodeMessage } from "./message.ts";

/** A generator of numbers from 0 to 1 that repeats itself for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const messages = [
  '{"event":"started","pid":17,"from":null}',
  '{"exitCode":0,"reason":"exited","bytes":{"1":2}}',
  '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
  '{"error":{"code":"ENOENT","message":"no such file"}}',
  "\x01some data of a stream",
];

/** A frame that was a good one before some of its bytes were changed, removed or repeated. */
export function mutatedFrame(random: () => number): Buffer {
  const pick = (most: number): number => Math.floor(random() * most);
  const types = Object.values(FrameType);
  const payload = Buffer.from(messages[pick(messages.length)]!);
  const frame = encodeFrame(types[pick(types.length)]!, pick(4), payload);
  for (let changes = pick(4); changes >= 0; changes -= 1) {
    const at = pick(random() < 0.5 ? 9 : frame.length);
    frame[at] = random() < 0.5 ? frame[at]! ^ (1 << pick(8)) : pick(256);
  }
  const cut = random();
  if (cut < 0.1) return frame.subarray(0, pick(frame.length));
  return cut < 0.15 ? Buffer.concat([frame, frame.subarray(pick(frame.length))]) : frame;
}

/** Decodes as a connection does: frames until the first FrameError; any other error is a defect and thrown. */
export function decodeAll(chunks: Iterable<Uint8Array>): { frames: Frame[]; failed: boolean } {
  const decoder = new FrameDecoder();
  const frames: Frame[] = [];
  try {
    for (const chunk of chunks) {
      for (const frame of decoder.push(chunk)) {
        frames.push(frame);
        const isJson = frame.type !== FrameType.data && frame.payload.length > 5;
        if (isJson) decodeMessage(frame.payload);
      }
    }
    return { frames, failed: false };
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    return { frames, failed: true };
  }
}
