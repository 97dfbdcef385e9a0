import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { BatchedWriter } from "./batched-writer.ts";
import { encodeData } from "./frame.ts";

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

/** Keeps the very memory that it is given until it is asked to call back. */
class Holder extends Writable {
  readonly held: { readonly piece: Buffer; readonly done: () => void }[] = [];

  constructor() {
    super({ highWaterMark: 10_000_000 });
  }

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.held.push({ piece, done });
  }
}

const filled = (value: number, bytes = 65_536): Buffer => Buffer.alloc(bytes, value);

test("data and small frames of one turn go out in one piece, in order", async () => {
  const stream = new Holder();
  const writer = new BatchedWriter(stream);
  writer.write(Buffer.from("a"));
  writer.writeData(7, 0, filled(1));
  writer.write(Buffer.from("b"));
  writer.writeData(7, 0, filled(2, 5));
  await turn();
  stream.held.shift()!.done();
  await turn();
  const expected = [encodeData(7, 0, filled(1)), Buffer.from("b"), encodeData(7, 0, filled(2, 5))];
  expect(stream.held.map(({ piece }) => piece.equals(Buffer.concat(expected)))).toEqual([true]);
});

test("data may be overwritten at once, and what has gone out is not before the stream calls back", async () => {
  const stream = new Holder();
  const writer = new BatchedWriter(stream);
  const sent: Buffer[] = [];
  const taken: Buffer[] = [];
  const source = Buffer.alloc(65_536);
  for (let round = 0; round < 40; round += 1) {
    source.fill(round);
    writer.writeData(1, 0, source);
    sent.push(encodeData(1, 0, source));
    source.fill(255);
    if (round % 3 === 0) await turn();
    // The stream is one piece behind, so that memory is used again while another piece is still read.
    if (round > 8 && stream.held.length > 0) {
      const { piece, done } = stream.held.shift()!;
      taken.push(Buffer.from(piece));
      done();
      await turn();
    }
  }
  await turn();
  while (stream.held.length > 0) {
    const { piece, done } = stream.held.shift()!;
    taken.push(Buffer.from(piece));
    done();
    await turn();
  }
  expect(Buffer.concat(taken).equals(Buffer.concat(sent))).toBe(true);
});

test("what no longer fits goes out before it, in order", async () => {
  const stream = new Recorder();
  const writer = new BatchedWriter(stream);
  for (let time = 0; time < 5; time += 1) writer.writeData(1, 0, filled(time));
  writer.write(filled(9, 300_000));
  await turn();
  const frame = 65_536 + 10;
  expect(stream.pieces).toEqual([`${4 * frame} bytes`, `${frame} bytes`, "300000 bytes"]);
});

test("a full stream holds the sender back until it drains", async () => {
  const stream = new Recorder(true);
  const writer = new BatchedWriter(stream);
  expect(writer.writeData(1, 0, filled(1))).toBeUndefined();
  await turn();
  let released = false;
  const waiting = writer.writeData(1, 0, filled(1))?.then(() => {
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
