#!/usr/bin/env node
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { help, readCommand } from "./command-line.ts";
import { sandboxServer, serverInfo } from "./sandbox-server.ts";
import { serveHttp } from "./serve-http.ts";
import type { HttpOptions } from "./serve-http.ts";

// Standard output is the protocol: everything for people goes to standard error.
try {
  const command = await readCommand(process.argv.slice(2), process.env);
  if (command.action === "help") process.stdout.write(help);
  else if (command.action === "version") process.stdout.write(`${serverInfo.version}\n`);
  else await serve(command);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}

async function serve({ server: options, http }: Awaited<ReturnType<typeof readCommand>>): Promise<void> {
  const server = sandboxServer({
    ...options,
    onError: (error) => process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`),
    onProgress: ({ message }) => process.stderr.write(`${message}\n`),
  });
  const listening = http ? await serveHttp(server, http) : serveStdio(server.factory);
  if ("url" in listening) process.stderr.write(`Listening at ${listening.url}\n${hint(http!)}`);
  let isEnding = false;
  const end = (): void => {
    if (isEnding) return;
    isEnding = true;
    const closed = "url" in listening ? listening[Symbol.asyncDispose]() : listening.close();
    void Promise.allSettled([closed, server[Symbol.asyncDispose]()]).then(() => process.exit());
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, end);
  // A client that ends its side is gone.
  if (!http) process.stdin.once("end", end).once("close", end);
}

/** Every address is listened to, and a name that nobody allowed is refused. */
function hint({ host = "", allowedHosts = [] }: HttpOptions): string {
  if (!["0.0.0.0", "::"].includes(host) || allowedHosts.length > 0) return "";
  return "Only localhost is a name of it so far: allow those that clients use with --allow-host NAME.\n";
}
