import { expect, test } from "vitest";
import { readCommand } from "./command-line.ts";

test("without arguments it serves one client, Python, and one shared sandbox", async () => {
  expect(await readCommand([], {})).toEqual({
    action: "serve",
    server: { languages: ["python"], images: true, unnamed: "shared", keepState: false },
    http: undefined,
  });
});

test("every option is understood", async () => {
  const args =
    "--lang py,js --keep-state --network full --memory 256 --timeout 5 --idle 1 --no-images --http 8080 --host ::1 --allow-host box.lan";
  expect(await readCommand(args.split(" "), { LLM_SANDBOX_MCP_TOKEN: "secret" })).toEqual({
    action: "serve",
    server: {
      languages: ["python", "javascript"],
      images: false,
      unnamed: "own",
      keepState: true,
      network: "full",
      limits: { memoryBytes: 268_435_456 },
      timeoutMs: 5_000,
      idleMs: 60_000,
    },
    http: { port: 8_080, host: "::1", allowedHosts: ["box.lan"], token: "secret" },
  });
  const { server } = await readCommand(["--runtime", "embedded"], {});
  expect(server.runtime?.name).toBe("embedded");
});

test.each([
  [["--colour"], "--colour"],
  [["--lang", "cobol"], "cobol"],
  [["--timeout", "soon"], "--timeout needs a number"],
  [["--network", "some"], "--network is none or full"],
  [["--runtime", "none"], "There is no runtime"],
  [["--host", "0.0.0.0"], "--host and --allow-host go with --http"],
  [["extra"], "extra"],
])("%j is refused", async (args, message) => {
  await expect(readCommand(args, {})).rejects.toThrow(message);
});
