import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Duplex } from "node:stream";
import Docker from "dockerode";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EngineClient } from "./engine-client.ts";
import { takeReads } from "./reused-reads.ts";

let folder: string;
let server: Server;
/** What the engine does with a connection once it is its own. */
let serve: (socket: Duplex) => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-sandbox-reads-"));
  server = createServer();
  server.on("upgrade", (_request, socket) => {
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(join(folder, "engine.sock"), resolve));
});

afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

function hijacked(): Promise<Duplex> {
  const socketPath = join(folder, "engine.sock");
  const client = new EngineClient(new Docker({ socketPath }), socketPath, 10_000);
  return client.hijack({ method: "POST", path: "/containers/a/attach" }, { what: "attach" });
}

const content = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7) % 251));

test("what a connection brings comes whole and in order, in the same memory each time", async () => {
  serve = (socket) => {
    socket.on("error", () => {});
    socket.on("data", () => socket.end(content.subarray(5)));
    // Before anybody takes anything.
    socket.write(content.subarray(0, 5));
  };
  const connection = await hijacked();
  const pieces: Buffer[] = [];
  const memories = new Set<ArrayBufferLike>();
  await sleep(20);
  takeReads(connection, (bytes) => {
    pieces.push(Buffer.from(bytes));
    memories.add(bytes.buffer);
  });
  connection.on("data", (bytes: Buffer) => pieces.push(bytes));
  const ended = new Promise((resolve) => connection.once("end", resolve));
  connection.write("go on");
  await ended;
  expect(Buffer.concat(pieces).equals(content)).toBe(true);
  expect(memories.size).toBe(1);
});

test("a connection that is paused brings nothing until it is resumed", async () => {
  let left = 0;
  serve = (socket) => {
    socket.on("error", () => {});
    socket.write(content);
    left = socket.writableLength;
    socket.on("drain", () => {
      left = 0;
    });
  };
  const connection = await hijacked();
  let taken = 0;
  let isPaused = false;
  const take = (bytes: Buffer): void => {
    expect(isPaused).toBe(false);
    const before = taken;
    taken += bytes.length;
    isPaused = before < 200_000 && taken >= 200_000;
    if (isPaused) connection.pause();
  };
  takeReads(connection, take);
  connection.on("data", take);
  while (!isPaused) await sleep(1);
  await sleep(50);
  expect(taken).toBeLessThan(content.length);
  expect(left).toBeGreaterThan(0);
  isPaused = false;
  connection.resume();
  while (taken < content.length) await sleep(1);
  connection.destroy();
});
