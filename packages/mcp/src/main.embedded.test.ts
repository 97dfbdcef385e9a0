import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { expect, test } from "vitest";

const main = join(import.meta.dirname, "main.ts");
const textOf = (result: { content: unknown }): string => (result.content as { text: string }[])[0]!.text;

test("without an engine: code, files, an error, cancelling, and nothing left when the client is gone", async () => {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [main, "--runtime", "embedded", "--timeout", "60"],
  });
  const client = new Client({ name: "test", version: "1" });
  await client.connect(transport);
  const call = (name: string, input: object, more: object = {}): ReturnType<Client["callTool"]> =>
    client.callTool({ name, arguments: { ...input } }, { timeout: 100_000, ...more });
  expect(client.getInstructions()).toMatch(/without session_id share one.* files stay from call to call/);
  const { tools } = await client.listTools();
  expect(tools[0]!.description).toContain("Only the standard library is installed.");
  expect(tools[0]!.description).not.toContain("figures");
  expect(
    textOf(await call("execute_code", { code: "_ = open('a.txt', 'w').write('hi')\nprint(6 * 7)" })),
  ).toBe("42\n[sandbox: 1 file written: /workspace/a.txt (2 bytes)]");
  expect(textOf(await call("read_sandbox_file", { path: "a.txt" }))).toBe("hi");
  expect((await call("execute_code", { code: "1 / 0" })).isError).toBe(true);
  const control = new AbortController();
  const started = Promise.withResolvers<void>();
  const endless = call(
    "execute_code",
    { code: "print('up', flush=True)\nwhile True: pass" },
    { signal: control.signal, onprogress: () => started.resolve() },
  );
  endless.catch(() => {});
  await started.promise;
  control.abort("enough");
  await expect(endless).rejects.toThrow("enough");
  expect(textOf(await call("execute_command", { command: "cat a.txt" }))).toBe("hi");
  const { pid } = transport;
  await client.close();
  await expect.poll(() => isAlive(pid!), { timeout: 20_000 }).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
