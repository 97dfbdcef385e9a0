import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { BatchedWriter } from "./batched-writer.ts";

class Recorder extends Writable {
  readonly pieces: string[] = [];
  held: (() => void) | undefined;

  readonly holds: boolean;

  constructor(holds = false) {
    super({ highWaterMark: 20_000 });
    this.holds = holds;
  }

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.pieces.push(piece.length > 100 ? `${piece.length} bytes` : piece.toString());
    if (this.holds) this.held = done;
    else done();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("small frames of one turn go out in one piece, in order", async () => {
  const stream = new Recorder();
  const writer = new BatchedWriter(stream);
  writer.write(Buffer.from("a"));
  writer.write(Buffer.from("b"));
  await turn();
  writer.write(Buffer.from("c"));
  await turn();
  expect(stream.pieces).toEqual(["ab", "c"]);
});

test("a large frame goes out at once, after what was written before it", () => {
  const stream = new Recorder();
  const writer = new BatchedWriter(stream);
  writer.write(Buffer.from("a"));
  writer.write(Buffer.alloc(16_384));
  expect(stream.pieces).toEqual(["a", "16384 bytes"]);
});

test("a full stream holds the sender back until it drains", async () => {
  const stream = new Recorder(true);
  const writer = new BatchedWriter(stream);
  expect(writer.write(Buffer.alloc(16_384))).toBeUndefined();
  let released = false;
  const waiting = writer.write(Buffer.alloc(16_384))?.then(() => {
    released = true;
  });
  await turn();
  expect(waiting).toBeDefined();
  expect(released).toBe(false);
  stream.held!();
  await turn();
  stream.held!();
  await waiting;
});
