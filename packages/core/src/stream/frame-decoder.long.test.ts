import { expect, test } from "vitest";
import { FrameType } from "./frame.ts";
import type { Frame } from "./frame.ts";
import { decodeAll, mutatedFrame, seededRandom } from "./hostile-bytes.ts";

const rounds = process.env["LLM_SANDBOX_LONG"] === "short" ? 50_000 : 1_000_000;

test(`${rounds} mutated frames give frames or a FrameError, and change no prototype`, () => {
  const seed = Date.now() >>> 0;
  const random = seededRandom(seed);
  let failures = 0;
  for (let round = 0; round < rounds; round += 1) {
    const bytes = mutatedFrame(random);
    const cut = Math.floor(random() * bytes.length);
    const whole = decodeAll([bytes]);
    const parts = decodeAll([bytes.subarray(0, cut), bytes.subarray(cut)]);
    if (whole.failed !== parts.failed || flat(whole.frames) !== flat(parts.frames)) {
      throw new Error(
        `Seed ${seed}, round ${round}: a cut at ${cut} changed what ${bytes.toString("hex")} is.`,
      );
    }
    if (whole.failed) failures += 1;
  }
  expect(failures).toBeGreaterThan(rounds / 20);
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

/** All that the frames say; DATA may come in more pieces when the bytes do. */
function flat(frames: readonly Frame[]): string {
  let text = "";
  let last = "";
  for (const { type, channel, stream, payload } of frames) {
    const head = `${type} ${channel} ${stream} `;
    if (type !== FrameType.data || head !== last) text += `\n${head}`;
    text += Buffer.from(payload).toString("hex");
    last = head;
  }
  return text;
}
