import { randomUUID } from "node:crypto";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";
import type { SandboxServer } from "./sandbox-server.ts";

/** Connections that are kept; the one that was not used for longest is ended. */
const mostConnections = 1_000;
/** Largest request. */
export const mostRequestBytes: number = 16 * 1_048_576;

/**
 * Connections of clients that speak the protocol of 2025, which names them by `Mcp-Session-Id`. They are kept, since such a
 * client cancels a call by a second request of the same connection.
 */
export class Connections implements AsyncDisposable {
  readonly #server: SandboxServer;
  readonly #transports = new Map<string, WebStandardStreamableHTTPServerTransport>();

  constructor(server: SandboxServer) {
    this.#server = server;
  }

  async fetch(request: Request): Promise<Response> {
    const id = request.headers.get("mcp-session-id");
    if (id === null) return (await this.#open()).handleRequest(request);
    const transport = this.#transports.get(id);
    if (!transport) return unknownConnection();
    this.#keep(id, transport);
    return transport.handleRequest(request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#transports.values()].map((transport) => transport.close()));
  }

  async #open(): Promise<WebStandardStreamableHTTPServerTransport> {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      maxRequestBodySize: mostRequestBytes,
      onsessioninitialized: (id) => this.#keep(id, transport),
      onsessionclosed: (id) => void this.#transports.delete(id),
    });
    await this.#server.factory().connect(transport);
    return transport;
  }

  #keep(id: string, transport: WebStandardStreamableHTTPServerTransport): void {
    this.#transports.delete(id);
    this.#transports.set(id, transport);
    if (this.#transports.size <= mostConnections) return;
    const [oldest, ended] = this.#transports.entries().next().value!;
    this.#transports.delete(oldest);
    ended.close().catch(() => {});
  }
}

function unknownConnection(): Response {
  const error = { code: -32_001, message: "Session not found" };
  return Response.json({ jsonrpc: "2.0", error, id: null }, { status: 404 });
}
