import { Duplex, PassThrough } from "node:stream";
import { once } from "node:events";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AttachedStream } from "./attached-stream.ts";

function piece(kind: number, payload: Buffer | string): Buffer {
  const bytes = Buffer.from(payload);
  const header = Buffer.alloc(8);
  header[0] = kind;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

/** The engine's side of the connection: what it sends is pushed in, what the box gets comes out of `written`. */
function connection(): { socket: Duplex; written: PassThrough; incoming: PassThrough } {
  const incoming = new PassThrough();
  const written = new PassThrough();
  return { socket: Duplex.from({ readable: incoming, writable: written }), written, incoming };
}

async function readAll(stream: AttachedStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe("AttachedStream", () => {
  it("gives the output whole however the engine's pieces are cut on the way", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ kind: fc.constantFrom(1, 2), bytes: fc.uint8Array({ maxLength: 300 }) })),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        async (pieces, cuts) => {
          const { socket, incoming } = connection();
          const stream = new AttachedStream(socket);
          const all = readAll(stream);
          const sent = Buffer.concat(pieces.map(({ kind, bytes }) => piece(kind, Buffer.from(bytes))));
          for (let at = 0, turn = 0; at < sent.length; turn += 1) {
            const length = cuts[turn % cuts.length]!;
            incoming.write(sent.subarray(at, at + length));
            at += length;
          }
          incoming.end();
          const of = (kind: number) =>
            Buffer.concat(pieces.filter((one) => one.kind === kind).map(({ bytes }) => Buffer.from(bytes)));
          expect((await all).equals(of(1))).toBe(true);
          expect(stream.diagnostics().length).toBeLessThanOrEqual(4096);
        },
      ),
      { numRuns: 50 },
    );
  });

  it.each([
    ["an unknown stream", Buffer.from([9, 0, 0, 0, 0, 0, 0, 1, 65])],
    ["standard input coming back", piece(0, "x")],
    ["bytes where zeros belong", Buffer.from([1, 0, 7, 0, 0, 0, 0, 1, 65])],
    ["an absurd length", Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])],
    ["text of no protocol", Buffer.from("HTTP/1.1 500 Internal Server Error\r\n\r\n")],
  ])("ends with PROTOCOL_ERROR for %s", async (_, bytes) => {
    const { socket, incoming } = connection();
    const stream = new AttachedStream(socket);
    const all = readAll(stream);
    incoming.write(bytes);
    await expect(all).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
    expect(socket.destroyed).toBe(true);
  });

  it.each([
    ["a header", piece(1, "hello").subarray(0, 5)],
    ["a piece", piece(1, "hello").subarray(0, 10)],
  ])("ends with BOX_LOST when the engine stops in the middle of %s", async (_, bytes) => {
    const { socket, incoming } = connection();
    const all = readAll(new AttachedStream(socket));
    incoming.end(bytes);
    await expect(all).rejects.toMatchObject({ code: "BOX_LOST" });
  });

  it("ends with the engine's own complaint", async () => {
    const { socket, incoming } = connection();
    const all = readAll(new AttachedStream(socket));
    incoming.end(piece(3, "the shim is gone"));
    await expect(all).rejects.toThrow(/the shim is gone/);
  });

  it("ends with BOX_LOST when the connection is torn", async () => {
    const { socket } = connection();
    const all = readAll(new AttachedStream(socket));
    socket.destroy();
    await expect(all).rejects.toMatchObject({ code: "BOX_LOST" });
  });

  it("keeps the end of standard error and shows control characters as such", async () => {
    const { socket, incoming } = connection();
    const stream = new AttachedStream(socket);
    incoming.write(piece(2, "x".repeat(10_000)));
    incoming.write(piece(2, "\u001B[31mlast words\n"));
    incoming.end();
    await readAll(stream);
    expect(stream.diagnostics()).toMatch(/x\uFFFD\[31mlast words\n$/);
    expect(stream.diagnostics().length).toBe(4096);
  });

  it("stops the engine while nobody reads", async () => {
    const { socket, incoming } = connection();
    const stream = new AttachedStream(socket);
    const block = piece(1, Buffer.alloc(32 * 1024));
    let accepted = 0;
    while (incoming.write(block) || accepted < 8) {
      accepted += 1;
      if (accepted > 1000) break;
      await new Promise(setImmediate);
    }
    expect(accepted).toBeLessThan(1000);
    expect(stream.readableLength).toBeLessThan(1024 * 1024);
    let read = 0;
    stream.on("data", (chunk: Buffer) => (read += chunk.length));
    incoming.end();
    await once(stream, "end");
    expect(read % (32 * 1024)).toBe(0);
    expect(read).toBeGreaterThanOrEqual(accepted * 32 * 1024);
  });

  it("stops the writer while the box does not read", async () => {
    const incoming = new PassThrough();
    const stuck = new Duplex({ read() {}, write() {}, highWaterMark: 1024 });
    const stream = new AttachedStream(stuck);
    let writes = 0;
    while (stream.write(Buffer.alloc(64 * 1024)) && writes < 1000) writes += 1;
    expect(writes).toBeLessThan(10);
    stream.destroy();
    incoming.destroy();
  });

  it("passes on what is written, and the end of it", async () => {
    const { socket, written } = connection();
    const stream = new AttachedStream(socket);
    stream.write("hello ");
    stream.end("box");
    const chunks: Buffer[] = [];
    for await (const chunk of written) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe("hello box");
  });
});
