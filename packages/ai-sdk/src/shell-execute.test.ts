import { SandboxSession } from "@llm-sandbox/core";
import { memory } from "@llm-sandbox/core/testing";
import type { MemoryOptions } from "@llm-sandbox/core/testing";
import { expect, test } from "vitest";
import { shellExecute } from "./index.ts";
import type { ShellInput, ShellOutput } from "./index.ts";

async function told(command: NonNullable<MemoryOptions["command"]>, action: object): Promise<ShellOutput> {
  await using session = await SandboxSession.open({ runtime: memory({ command }) });
  return await shellExecute(session)({ action: action as ShellInput["action"] }, {});
}

test("a command over its time is told with its output so far, and that the rest was not run", async () => {
  const action = { commands: ["sleep 9", "ls"], timeoutMs: 100 };
  const { output } = await told(async function* ({ signal }) {
    yield { stdout: "so far", stderr: "careful\n" };
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  }, action);
  expect(output).toEqual([
    {
      stdout: "so far",
      stderr:
        "careful\n[sandbox: Stopped: the time limit of all commands of this call together, 100 ms, was over.]\n[sandbox: The commands after this one were not run.]",
      outcome: { type: "timeout" },
    },
  ]);
});

test("memory, wrong arguments and a box that dies are told, each with the commands left", async () => {
  const memoryEnd = await told(() => ({ status: "out-of-memory" }), { commands: ["a", "b"] });
  expect(memoryEnd.output).toEqual([
    {
      stdout: "",
      stderr: expect.stringMatching(/^\[sandbox: Killed: out of memory\./),
      outcome: { type: "exit", exitCode: 137 },
    },
  ]);
  const wrong = await told(() => ({ stdout: "ran" }), { commands: [7, "b"] });
  expect(wrong.output.map(({ stdout, stderr }) => stdout + stderr)).toEqual([
    expect.stringContaining('"command" is the number 7'),
    "ran",
  ]);
  const lost = await told(({ loseBox }) => loseBox(), { commands: ["a", "b"] });
  expect(lost.output).toEqual([
    {
      stdout: "",
      stderr: expect.stringMatching(/It cannot be replaced\.\]\n\[sandbox: The commands after/),
      outcome: { type: "exit", exitCode: 1 },
    },
  ]);
});

test("output is cut once, to what the model asked for", async () => {
  const { output, maxOutputLength } = await told(() => ({ stdout: "x".repeat(50_000) }), {
    commands: ["yes"],
    maxOutputLength: 100,
  });
  expect(maxOutputLength).toBe(100);
  expect(output[0]!.stdout.match(/left out here/g)).toHaveLength(1);
  expect(output[0]!.stdout).toContain("[sandbox: 49,900 characters left out here]");
});
