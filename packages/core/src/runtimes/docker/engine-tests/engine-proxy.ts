import { createServer as createTcpServer, connect, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Stands between a client and an engine's socket, and can spoil what passes. */
export interface EngineProxy {
  /** For `docker({ host })`. */
  readonly address: string;
  /** Requests whose first line matches get no answer from now on, though the engine gets them. */
  swallow(pattern: RegExp | null): void;
  /** No answer comes through any more, whenever it was asked for. */
  freeze(): void;
  /** Cuts every connection that is open. */
  cut(): void;
  close(): Promise<void>;
}

/** A proxy on a socket of its own, or on a loopback port with TLS. */
export async function engineProxy(
  target: string,
  tls?: { readonly ca: string; readonly cert: string; readonly key: string },
): Promise<EngineProxy> {
  const folder = await mkdtemp(join(tmpdir(), "llm-sandbox-proxy-"));
  const open = new Set<Socket>();
  let swallowed: RegExp | null = null;
  let frozen = false;
  const relay = (client: Socket) => {
    const engine = connect(target.replace("unix://", ""));
    for (const socket of [client, engine]) {
      open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        open.delete(socket);
        client.destroy();
        engine.destroy();
      });
    }
    let mute = false;
    client.on("data", (chunk: Buffer) => {
      const [firstLine = ""] = chunk.toString("latin1", 0, 400).split("\r\n");
      if (firstLine.endsWith("HTTP/1.1")) mute = swallowed?.test(firstLine) ?? false;
      if (!engine.write(chunk)) {
        client.pause();
        engine.once("drain", () => client.resume());
      }
    });
    engine.on("data", (chunk: Buffer) => {
      if (mute || frozen || client.write(chunk)) return;
      engine.pause();
      client.once("drain", () => engine.resume());
    });
  };
  const server: Server = tls
    ? createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: true }, relay)
    : createTcpServer(relay);
  const path = join(folder, "engine.sock");
  await new Promise<void>((resolve) => {
    if (tls) server.listen(0, "127.0.0.1", () => resolve());
    else server.listen(path, () => resolve());
  });
  const bound = server.address();
  return {
    address: typeof bound === "object" && bound ? `tcp://127.0.0.1:${bound.port}` : `unix://${path}`,
    swallow: (pattern) => {
      swallowed = pattern;
    },
    freeze: () => {
      frozen = true;
    },
    cut: () => {
      for (const socket of open) socket.destroy();
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
