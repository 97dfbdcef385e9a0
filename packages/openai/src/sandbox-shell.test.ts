import { memory } from "@llm-sandbox/core/testing";
import type { MemoryOptions } from "@llm-sandbox/core/testing";
import { loopbackModel } from "@llm-sandbox/loopback-model";
import OpenAI from "openai";
import type { ResponseInputItem } from "openai/resources/responses/responses";
import { expect, test } from "vitest";
import { createSandboxShell } from "./index.ts";
import type { SandboxShell } from "./index.ts";

const make = (command: MemoryOptions["command"]): SandboxShell & AsyncDisposable =>
  createSandboxShell({ runtime: memory(command ? { command } : {}) });

/** Sends one item of the model through the client, and gives what the model was told of it. */
async function tell(shell: SandboxShell, item: object): Promise<Record<string, unknown>> {
  await using model = await loopbackModel([{ items: [{ call_id: "c1", ...item }] }, { text: "done" }]);
  const openai = new OpenAI({ apiKey: "none", baseURL: model.baseUrl, maxRetries: 0 });
  const tools = [shell.definition];
  const first = await openai.responses.create({ model: "m", input: "go", tools });
  const answers = await shell.handleAll(first.output);
  const input = [...(first.output as ResponseInputItem[]), ...answers];
  const last = await openai.responses.create({ model: "m", input, tools });
  expect(last.output_text).toBe("done");
  expect(model.requests[0]!.body["tools"]).toEqual([{ type: "shell", environment: { type: "local" } }]);
  return model.requests[1]!.messages.at(-1)!;
}

test("commands run one after the other, and one that fails does not stop the next", async () => {
  await using shell = make(({ shell }) =>
    shell === "false" ? { stderr: "no\n", exitCode: 1 } : { stdout: `$ ${shell}\n` },
  );
  const action = { commands: ["ls", "false", "pwd"], timeout_ms: 5_000, max_output_length: 1_000 };
  expect(await tell(shell, { type: "shell_call", action })).toEqual({
    type: "shell_call_output",
    call_id: "c1",
    max_output_length: 1_000,
    output: [
      { stdout: "$ ls\n", stderr: "", outcome: { type: "exit", exit_code: 0 } },
      { stdout: "", stderr: "no\n", outcome: { type: "exit", exit_code: 1 } },
      { stdout: "$ pwd\n", stderr: "", outcome: { type: "exit", exit_code: 0 } },
    ],
  });
});

test("a command that takes too long is told with its output so far, and the rest is not run", async () => {
  await using shell = make(async function* ({ signal }) {
    yield { stdout: "so far" };
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  });
  const action = { commands: ["sleep 9", "ls"], timeout_ms: 100 };
  expect((await tell(shell, { type: "shell_call", action }))["output"]).toEqual([
    {
      stdout: "so far",
      stderr:
        "[sandbox: Stopped: the time limit of all commands of this call together, 100 ms, was over.]\n[sandbox: The commands after this one were not run.]",
      outcome: { type: "timeout" },
    },
  ]);
});

test("long output is cut to what the model asked for", async () => {
  await using shell = make(() => ({ stdout: "x".repeat(5_000) }));
  const action = { commands: ["yes"], max_output_length: 100 };
  const [{ stdout }] = (await tell(shell, { type: "shell_call", action }))["output"] as [{ stdout: string }];
  expect(stdout).toMatch(/^x{50}\n\[sandbox: 4,900 characters left out here\]\nx{50}$/);
});

test.each([
  ["nothing", {}, "there are no commands"],
  ["no command", { commands: [] }, "there are no commands"],
  ["a text for a list", { commands: "ls" }, "there are no commands"],
  ["an empty command", { commands: [""] }, '"command" is empty'],
  ["a number", { commands: [7] }, '"command" is the number 7; pass a string'],
  ["a megabyte", { commands: ["x".repeat(1_048_576)] }, "1,048,576 characters; at most 100,000"],
])("a call that cannot be is told: %s", async (_, action, expected) => {
  await using shell = make(() => ({ stdout: "ran" }));
  const { output } = await tell(shell, { type: "shell_call", action });
  expect(output).toEqual([
    { stdout: "", stderr: expect.stringContaining(expected), outcome: { type: "exit", exit_code: 1 } },
  ]);
});

test("a box that dies is told, and so is the empty one after it", async () => {
  await using shell = make(({ shell, loseBox }) => (shell === "die" ? loseBox() : { stdout: "ran" }));
  const lost = await tell(shell, { type: "shell_call", action: { commands: ["die", "ls"] } });
  expect(lost["output"]).toEqual([
    {
      stdout: "",
      stderr: expect.stringMatching(
        /^\[sandbox: The sandbox ended during this call.*new, empty sandbox\.\]\n\[sandbox: The commands after this one were not run\.\]$/,
      ),
      outcome: { type: "exit", exit_code: 1 },
    },
  ]);
  await shell.handle({ type: "shell_call", call_id: "c", action: { commands: ["ls"] } });
  await shell.sessions.close();
  const next = await tell(shell, { type: "shell_call", action: { commands: ["ls"] } });
  expect(next["output"]).toMatchObject([
    {
      stdout: "ran",
      stderr: expect.stringMatching(/^\[sandbox: The sandbox of the earlier calls was closed\./),
    },
  ]);
});

test("a failure of the host shows no path", async () => {
  const runtime = { ...memory(), launch: () => Promise.reject(new Error("/home/me token=abc")) };
  await using shell = createSandboxShell({ runtime });
  const told = await tell(shell, { type: "shell_call", action: { commands: ["ls"] } });
  expect(JSON.stringify(told)).not.toMatch(/home|token/);
  expect(JSON.stringify(told)).toContain("The sandbox failed");
});

test("local_shell: words stay words, with their folder and variables", async () => {
  const lines: unknown[] = [];
  await using shell = make(({ shell }) => {
    lines.push(shell);
    return { stdout: "out", stderr: "err", exitCode: 2 };
  });
  const action = {
    type: "exec",
    command: ["printf", "%s", "it's; rm -rf /"],
    env: { A: "b c" },
    working_directory: "/tmp/x y",
  };
  expect(await tell(shell, { type: "local_shell_call", action })).toEqual({
    type: "local_shell_call_output",
    id: "c1",
    call_id: "c1",
    output: "out\nerr\n[sandbox: Exit code 2.]",
  });
  expect(lines).toEqual([`cd -- '/tmp/x y' && env 'A=b c' 'printf' '%s' 'it'\\''s; rm -rf /'`]);
});

test.each([
  [{ command: [] }, /^\[sandbox: Nothing was run: "command" is an empty list\..*\]$/],
  [{ command: ["id"], user: "root" }, /^\[sandbox: Nothing was run: .*"user" cannot be honoured.*\]$/],
  [{ command: ["x".repeat(100_001)] }, /^\[sandbox: Nothing was run\.[^\n]*\]$/],
])("local_shell: what is not run is told without an exit code (%#)", async (action, expected) => {
  const lines: unknown[] = [];
  await using shell = make(({ shell }) => void lines.push(shell));
  const { output } = await tell(shell, {
    type: "local_shell_call",
    action: { type: "exec", env: {}, ...action },
  });
  expect(output).toMatch(expected);
  expect(lines).toEqual([]);
});

test("local_shell: the one user of a sandbox may be left out as null", async () => {
  await using shell = make(() => ({ stdout: "ran" }));
  const action = { type: "exec", command: ["id"], env: {}, user: null };
  expect(await tell(shell, { type: "local_shell_call", action })).toMatchObject({ output: "ran" });
});

test("an option that has no effect is refused", () => {
  expect(() => createSandboxShell({ extraInstructions: "x" } as object)).toThrow(
    'createSandboxShell has no option "extraInstructions".',
  );
});
