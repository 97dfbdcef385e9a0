import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { docker } from "@llm-sandbox/core/docker";
import { SandboxSession } from "@llm-sandbox/core";
import { expect, test } from "vitest";

const main = join(import.meta.dirname, "main.ts");

async function connect(args: readonly string[] = []): Promise<Client> {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [main, "--runtime", "docker", ...args] }),
  );
  return client;
}

const textOf = (result: { content: unknown }): string => (result.content as { text: string }[])[0]!.text;

test("over standard input and output: code, files, a figure, an error, a command", async () => {
  // Makes the image ready, which may take longer than a client waits.
  await (await SandboxSession.open({ runtime: docker() })).close();
  const client = await connect();
  const call = (name: string, input: object): ReturnType<Client["callTool"]> =>
    client.callTool({ name, arguments: { ...input } });
  expect(textOf(await call("execute_code", { code: "open('a.txt', 'w').write('hi')\nprint(6 * 7)" }))).toBe(
    "42\n[sandbox: 1 file written: /workspace/a.txt (2 bytes)]",
  );
  expect(textOf(await call("read_sandbox_file", { path: "a.txt" }))).toBe("hi");
  const plot = await call("execute_code", {
    code: "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
  });
  expect((plot.content as { type: string }[]).map(({ type }) => type)).toEqual(["text", "image"]);
  expect((await call("execute_code", { code: "1 / 0" })).isError).toBe(true);
  expect(textOf(await call("execute_command", { command: "ls" }))).toBe("a.txt\nfigure-1.png");
  await client.close();
});

test("cancelling leaves no process, and the sandbox goes on", async () => {
  const client = await connect(["--lang", "bash"]);
  const control = new AbortController();
  const started = Promise.withResolvers<void>();
  const call = client.callTool(
    { name: "execute_code", arguments: { code: "echo up; sleep 4324" } },
    { signal: control.signal, onprogress: () => started.resolve() },
  );
  call.catch(() => {});
  await started.promise;
  control.abort("enough");
  await expect(call).rejects.toThrow("enough");
  const count = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c 'sleep 432[4]'";
  await expect
    .poll(async () => {
      const result = await client.callTool({ name: "execute_command", arguments: { command: count } });
      return (result.structuredContent as { output: string }).output.split("\n")[0];
    })
    .toBe("0");
  await client.close();
});
