import { createHash, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { hostHeaderValidation, originValidation, toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, isLegacyRequest } from "@modelcontextprotocol/server";
import { SandboxError } from "@llm-sandbox/core";
import { Connections, mostRequestBytes } from "./connections.ts";
import type { SandboxServer } from "./sandbox-server.ts";

/** Where a server listens, and who may come. */
export interface HttpOptions {
  /** Default 127.0.0.1. Any other than a loopback address needs a token. */
  readonly host?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  /** Clients send it as `Authorization: Bearer …`. At least 16 characters. */
  readonly token?: string;
  /** Names that clients and browsers may call this server by, beside `host` and the loopback names. */
  readonly allowedHosts?: readonly string[];
}

/** A server that listens. */
export interface HttpServer extends AsyncDisposable {
  /** What clients are given. */
  readonly url: string;
}

const loopbackNames = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Serves MCP over HTTP at `/mcp`. Requests whose Host or Origin is not one of the allowed names are refused, so that no
 * web page can reach the server by a name of its own. Throws `INVALID_OPTION` for an open address without a token.
 */
export async function serveHttp(server: SandboxServer, options: HttpOptions = {}): Promise<HttpServer> {
  const { host = "127.0.0.1", port = 0, token, allowedHosts = [] } = options;
  const isLoopback = host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
  if (!isLoopback && token === undefined) {
    throw new SandboxError(
      "INVALID_OPTION",
      `Listening on ${host} without a token would let anybody run code.`,
      {
        remedy:
          "Set a token (for llm-sandbox-mcp, the environment variable LLM_SANDBOX_MCP_TOKEN), or listen on 127.0.0.1.",
      },
    );
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new SandboxError("INVALID_OPTION", `The port is ${port}.`, {
      remedy: "Use a whole number from 0, for a free one, to 65535.",
    });
  }
  if (token !== undefined && token.length < 16) {
    throw new SandboxError("INVALID_OPTION", "The token is shorter than 16 characters.", {
      remedy: "Make one with: openssl rand -hex 32",
    });
  }
  const names = [...loopbackNames, host.includes(":") ? `[${host}]` : host, ...allowedHosts];
  const isHost = hostHeaderValidation(names);
  const isOrigin = originValidation(names);
  const limit = { maxRequestBodySize: mostRequestBytes };
  const handler = createMcpHandler(server.factory, limit);
  const connections = new Connections(server);
  const serve = toNodeHandler(
    {
      fetch: async (request) =>
        request.method !== "POST" || (await isLegacyRequest(request, undefined, limit))
          ? connections.fetch(request)
          : handler.fetch(request),
    },
    limit,
  );
  const http = createServer((request, response) => {
    if (!isHost(request, response) || !isOrigin(request, response)) return;
    if (request.url?.split("?", 1)[0] !== "/mcp") return refuse(response, 404, "Not found.");
    if (token !== undefined && !hasToken(request, token)) return refuse(response, 401, "A token is needed.");
    serve(request as Parameters<typeof serve>[0], response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(port, host, resolve);
  });
  const address = http.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}/mcp`,
    async [Symbol.asyncDispose]() {
      await Promise.all([handler.close(), connections[Symbol.asyncDispose]()]);
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function hasToken({ headers }: IncomingMessage, token: string): boolean {
  const [scheme, given = ""] = (headers.authorization ?? "").split(" ", 2);
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return scheme?.toLowerCase() === "bearer" && timingSafeEqual(digest(given), digest(token));
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, {
    "content-type": "application/json",
    ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
  });
  response.end(JSON.stringify({ jsonrpc: "2.0", error: { code: -32_000, message }, id: null }));
}
