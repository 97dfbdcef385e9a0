import { request } from "node:http";
import { connect } from "node:net";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { memory } from "@llm-sandbox/core/testing";
import type { MemoryOptions } from "@llm-sandbox/core/testing";
import { expect, test } from "vitest";
import { sandboxServer, serveHttp } from "./index.ts";
import type { HttpOptions, SandboxServerOptions } from "./index.ts";

const png = Buffer.from("89504e470d0a1a0a", "hex").toString("base64");
const token = "0123456789abcdef0123456789abcdef";

const script: MemoryOptions = {
  run: ({ code, files }) => {
    if (code === "plot") return { outputs: [{ "image/png": png }] };
    if (code === "fail") return { error: { name: "ValueError", message: "no", traceback: "ValueError: no" } };
    const names = files.list("/workspace").map(({ path }) => path);
    files.write(`/workspace/${code}`, Buffer.from(code));
    return { stdout: `before: ${names.join(" ")}\n` };
  },
};

async function start(
  options: SandboxServerOptions = {},
  http: HttpOptions = {},
): Promise<AsyncDisposable & { readonly url: string; connect(mode?: "auto" | "legacy"): Promise<Client> }> {
  const server = sandboxServer({ runtime: memory(script), ...options });
  const listening = await serveHttp(server, http);
  const clients: Client[] = [];
  return {
    url: listening.url,
    async connect(mode = "auto") {
      const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
      const headers = http.token === undefined ? {} : { authorization: `Bearer ${http.token}` };
      await client.connect(
        new StreamableHTTPClientTransport(new URL(listening.url), { requestInit: { headers } }),
      );
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.close()));
      await listening[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** A plain POST with the headers, and the status of its answer. */
function post(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    const sent = request(
      url,
      {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          ...headers,
        },
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      },
    );
    sent.on("error", reject).end(body);
  });
}

const textOf = (result: { content: unknown }): string => (result.content as { text: string }[])[0]!.text;

test("a client lists the tools with their schemas and hints", async () => {
  await using server = await start();
  const client = await server.connect();
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual([
    "execute_code",
    "execute_command",
    "list_sandbox_files",
    "read_sandbox_file",
    "write_sandbox_file",
    "open_session",
    "close_session",
    "list_sessions",
  ]);
  expect(tools[0]).toMatchObject({
    description: expect.stringContaining("Runs Python code in a sandbox"),
    inputSchema: { type: "object", required: ["code"], properties: { code: {}, session_id: {} } },
    outputSchema: { type: "object" },
    annotations: { readOnlyHint: false },
  });
  expect(tools[3]!.annotations).toMatchObject({ readOnlyHint: true });
});

test("the instructions say that nothing is kept without a session", async () => {
  await using server = await start();
  const client = await server.connect();
  expect(client.getInstructions()).toMatch(/without session_id runs in a new one, of which nothing is kept/);
});

test("the description says that nothing is kept without a session", async () => {
  await using server = await start();
  const client = await server.connect();
  const { tools } = await client.listTools();
  expect(tools.find(({ name }) => name === "execute_code")!.description).toMatch(
    /without one runs in a new sandbox, and nothing of it is kept/,
  );
});

test("a session keeps files, other sessions and unnamed calls never see them, and closing ends it", async () => {
  await using server = await start();
  const [one, two] = [await server.connect(), await server.connect("legacy")];
  const open = async (client: Client): Promise<string> =>
    (
      (await client.callTool({ name: "open_session", arguments: { label: "mine" } })).structuredContent as {
        session_id: string;
      }
    ).session_id;
  const run = async (client: Client, code: string, session_id?: string): Promise<string> =>
    textOf(
      await client.callTool({
        name: "execute_code",
        arguments: { code, ...(session_id ? { session_id } : {}) },
      }),
    ).split("\n")[0]!;
  const [first, second] = [await open(one), await open(two)];
  expect(await Promise.all([run(one, "a", first), run(two, "b", second)])).toEqual(["before: ", "before: "]);
  expect(await run(one, "c", first)).toBe("before: a");
  expect(await run(one, "d")).toBe("before: ");
  expect(await run(one, "e")).toBe("before: ");
  expect(await run(one, "x", "guessed")).toContain('There is no session "guessed"');
  expect((await one.callTool({ name: "list_sessions" })).structuredContent).toEqual({
    sessions: [],
    others: 2,
  });
  await one.callTool({ name: "close_session", arguments: { session_id: first } });
  expect(await run(one, "x", first)).toContain("There is no session");
  expect((await one.callTool({ name: "close_session", arguments: { session_id: first } })).isError).toBe(
    true,
  );
});

test("text, structured content and pictures come back, and failures are marked", async () => {
  await using server = await start();
  const client = await server.connect();
  const plot = await client.callTool({ name: "execute_code", arguments: { code: "plot" } });
  expect(plot.content).toEqual([
    { type: "text", text: "[sandbox: 1 image: saved at /workspace/figure-1.png]" },
    { type: "image", data: png, mimeType: "image/png" },
  ]);
  expect(plot.structuredContent).toMatchObject({
    status: "ok",
    exit_code: 0,
    images: [{ path: "/workspace/figure-1.png", media_type: "image/png" }],
  });
  expect(plot.isError).toBe(false);
  const failed = await client.callTool({ name: "execute_code", arguments: { code: "fail" } });
  expect(failed).toMatchObject({ isError: true, structuredContent: { status: "failed", exit_code: 1 } });
  expect(textOf(failed)).toContain("ValueError: no");
});

test("a picture that is read is handed over as one, and text as text", async () => {
  await using server = await start({ unnamed: "shared" });
  const client = await server.connect();
  const call = (name: string, input: Record<string, unknown>): ReturnType<Client["callTool"]> =>
    client.callTool({ name, arguments: input });
  await call("execute_code", { code: "plot" });
  await call("write_sandbox_file", { path: "notes/a.txt", content: "one\ntwo" });
  expect((await call("read_sandbox_file", { path: "figure-1.png" })).content).toEqual([
    { type: "text", text: "[sandbox: A picture: image/png, 8 bytes.]" },
    { type: "image", data: png, mimeType: "image/png" },
  ]);
  expect(textOf(await call("read_sandbox_file", { path: "notes/a.txt", end_line: 1 }))).toBe("one");
  expect(textOf(await call("list_sandbox_files", { recursive: true }))).toBe(
    "figure-1.png (8 bytes)\nnotes/\nnotes/a.txt (7 bytes)",
  );
});

test("without pictures only their paths are told", async () => {
  await using server = await start({ images: false });
  const client = await server.connect();
  const plot = await client.callTool({ name: "execute_code", arguments: { code: "plot" } });
  expect(plot.content).toHaveLength(1);
});

test.each([
  [{}, /"code" is missing/],
  [{ code: 7 }, /"code" is the number 7/],
  [{ code: "" }, /"code" is empty/],
  [{ code: "x", language: "cobol" }, /this tool has python/],
  [{ code: "x".repeat(1_048_576) }, /at most 1,000,000/],
  [{ code: "x", session_id: 5 }, /There is no session of that kind/],
] as const)("wrong arguments are answered in words for a model", async (input, problem) => {
  await using server = await start();
  const client = await server.connect();
  const result = await client.callTool({ name: "execute_code", arguments: input });
  expect(result.isError).toBe(true);
  expect(textOf(result)).toMatch(problem);
});

test("the sandbox's own failure shows no path and no secret", async () => {
  await using server = await start({
    runtime: { ...memory(), launch: () => Promise.reject(new Error("ENOENT /home/me token=abc")) },
  });
  const client = await server.connect();
  const result = await client.callTool({ name: "execute_code", arguments: { code: "x" } });
  expect(result).toMatchObject({ isError: true, structuredContent: { status: "unavailable" } });
  expect(JSON.stringify(result)).not.toMatch(/home|token|node_modules/);
});

test.each(["auto", "legacy"] as const)(
  "progress is told, and cancelling ends the run (%s protocol)",
  async (mode) => {
    const started = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    await using server = await start({
      runtime: memory({
        async *run({ signal }) {
          signal.addEventListener("abort", () => ended.resolve());
          yield { stdout: "loading\n50 %\n" };
          await new Promise(() => {});
        },
      }),
    });
    const client = await server.connect(mode);
    const messages: (string | undefined)[] = [];
    const control = new AbortController();
    const call = client.callTool(
      { name: "execute_code", arguments: { code: "x" } },
      {
        signal: control.signal,
        onprogress: ({ message }) => {
          messages.push(message);
          started.resolve();
        },
      },
    );
    call.catch(() => {});
    await started.promise;
    expect(messages[0]).toBe("50 %");
    control.abort("enough");
    await expect(call).rejects.toThrow("enough");
    await ended.promise;
  },
);

test("other names, other origins and a missing token are refused", async () => {
  await using open = await start();
  expect(await post(open.url, { host: "evil.example" })).toBe(403);
  expect(await post(open.url, { origin: "https://evil.example" })).toBe(403);
  expect(await post(open.url, { origin: "http://localhost:3000" })).not.toBe(403);
  expect(await post(open.url.replace("/mcp", "/other"), {})).toBe(404);
  expect(await post(open.url.replace("/mcp", "//"), {})).toBe(404);
  await using closed = await start({}, { token });
  expect(await post(closed.url, {})).toBe(401);
  expect(await post(closed.url, { authorization: "Bearer wrong" })).toBe(401);
  expect(await post(closed.url, { "mcp-session-id": "guessed", authorization: `Bearer ${token}` })).toBe(404);
  expect((await (await closed.connect()).listTools()).tools).toHaveLength(8);
});

test("an address that others reach needs a token, and a long one", async () => {
  await using server = sandboxServer({ runtime: memory() });
  await expect(serveHttp(server, { host: "0.0.0.0" })).rejects.toThrow(
    /without a token would let anybody run code\..*LLM_SANDBOX_MCP_TOKEN/,
  );
  await expect(serveHttp(server, { token: "short" })).rejects.toThrow("shorter than 16");
});

test.each([99_999, -1, 80.5])("%d is no port", async (port) => {
  await using server = sandboxServer({ runtime: memory() });
  await expect(serveHttp(server, { port })).rejects.toThrow(
    `The port is ${port}. Use a whole number from 0, for a free one, to 65535.`,
  );
});

test("what the session tools are given beyond their arguments is told, and wrong arguments are refused", async () => {
  await using server = await start();
  const client = await server.connect("legacy");
  const call = async (name: string, input: object): Promise<string> =>
    textOf(await client.callTool({ name, arguments: { ...input } }));
  expect(await call("open_session", { label: "a]\n[sandbox: b", ttl: 5 })).toMatch(
    /^\[sandbox: This tool has no argument "ttl"; ignored\.\]\n\[sandbox: The session [\w-]+ is open\.\]$/,
  );
  expect(await call("list_sessions", {})).toMatch(/^[\w-]+ \("a\]\\n\[sandbox: b"\), since [^\n]+$/);
  expect(await call("open_session", { label: 7 })).toMatch(
    /^\[sandbox: Nothing was done\. .*"label" is the number 7/,
  );
  expect(await call("close_session", {})).toMatch(/"session_id" is missing/);
  expect(await call("close_session", { session_id: "x" })).toMatch(/There is no such session/);
});

test("a picture of a kind that models are not shown is told by its path alone", async () => {
  const svg = "<svg xmlns='http://www.w3.org/2000/svg'/>";
  await using server = await start({
    runtime: memory({ run: () => ({ outputs: [{ "image/svg+xml": svg }] }) }),
  });
  const client = await server.connect();
  const plot = await client.callTool({ name: "execute_code", arguments: { code: "plot" } });
  expect(plot.content).toEqual([
    { type: "text", text: "[sandbox: 1 image: saved at /workspace/figure-1.svg]" },
  ]);
});

test("clients are told whether programs reach the network", async () => {
  for (const network of ["none", "full"] as const) {
    await using server = await start({ network });
    const { tools } = await (await server.connect()).listTools();
    const open = tools.filter(({ annotations }) => annotations!.openWorldHint).map(({ name }) => name);
    expect(open).toEqual(network === "full" ? ["execute_code", "execute_command"] : []);
  }
});

test("a request that names no host is refused", async () => {
  await using server = await start();
  const { port, hostname } = new URL(server.url);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.end("GET /mcp HTTP/1.0\r\n\r\n"));
    let text = "";
    socket
      .on("data", (data) => (text += String(data)))
      .once("error", reject)
      .once("close", () => resolve(text));
  });
  expect(answer).toMatch(/^HTTP\/1\.1 403 /);
});

test.each(["auto", "legacy"] as const)(
  "no client learns the ids of another's sessions (%s protocol)",
  async (mode) => {
    await using server = await start();
    const [one, two] = [await server.connect(mode), await server.connect(mode)];
    const opened = await one.callTool({ name: "open_session", arguments: { label: "salaries" } });
    const { session_id: id } = opened.structuredContent as { session_id: string };
    const seen = await two.callTool({ name: "list_sessions" });
    expect(JSON.stringify(seen)).not.toContain(id);
    expect(JSON.stringify(seen)).not.toContain("salaries");
    expect(seen.structuredContent).toEqual({ sessions: [], others: 1 });
    const own = await one.callTool({ name: "list_sessions" });
    const mine = mode === "legacy" ? [{ session_id: id, label: "salaries" }] : [];
    expect(own.structuredContent).toMatchObject({ sessions: mine });
  },
);
