import { request } from "node:http";
import { join } from "node:path";
import { docker, findEngine } from "@llm-sandbox/core/docker";
import { ToolSessions } from "@llm-sandbox/core/tool";
import { loopbackModel, runFirstSnippet } from "@llm-sandbox/loopback-model";
import { OpenAIResponsesModel, run, setTracingDisabled } from "@openai/agents";
import { Manifest, SandboxAgent, file } from "@openai/agents/sandbox";
import OpenAI, { APIUserAbortError } from "openai";
import { expect, test } from "vitest";
import { createSandboxEditor } from "./agents/index.ts";
import { createSandboxShell, createSandboxTool } from "./index.ts";
import { SandboxAgentClient } from "./sandbox/index.ts";

test("a model's analysis: state, a figure, an error with its line, cancelling that leaves no process", async () => {
  await using tool = createSandboxTool({ runtime: docker(), keepState: true });
  const codes = [
    "x = 20\nx + 1",
    "import matplotlib.pyplot as plt\nplt.plot([1, x])\nplt.show()",
    "print('before')\n1 / 0",
  ];
  await using model = await loopbackModel([
    ...codes.map((code) => ({ calls: [{ name: tool.name, arguments: { code } }] })),
    { text: "done" },
    {
      calls: [
        {
          name: tool.name,
          arguments: {
            code: "import subprocess\nprint('up', flush=True)\nsubprocess.run(['sleep', '4321'])",
          },
        },
      ],
    },
  ]);
  const openai = new OpenAI({ apiKey: "none", baseURL: model.baseUrl, maxRetries: 0 });
  const mine = tool.forConversation("t");
  const ask = { model: "m", messages: [{ role: "user" as const, content: "go" }], tools: [mine.runnable] };
  expect(await openai.chat.completions.runTools(ask).finalContent()).toBe("done");
  expect(model.told.slice(0, 2)).toEqual([
    "value: 21",
    "[sandbox: 1 image: saved at /workspace/figure-1.png]",
  ]);
  expect(model.told[2]).toMatch(/^before\n[\s\S]*line 2[\s\S]*ZeroDivisionError: division by zero/);
  const runner = openai.chat.completions.runTools(ask);
  const isUp = ["sh", "-c", "grep -l 432[1] /proc/[0-9]*/cmdline"];
  while ((await tool.sessions.session("t")!.executeCommand(isUp)).exitCode !== 0);
  runner.abort();
  await expect(runner.finalContent()).rejects.toThrow(APIUserAbortError);
  const seek =
    "import glob\nprint([p for p in glob.glob('/proc/[0-9]*/cmdline') if b'4321' in open(p, 'rb').read()])";
  expect(await mine.runnerFunction.execute({ code: seek })).toBe("[]");
});

test("the shell tool in a container", async () => {
  await using shell = createSandboxShell({ runtime: docker() });
  const action = {
    commands: ["echo hello > a.txt", "cat a.txt; pwd; exit 3", "sleep 60"],
    timeout_ms: 5_000,
  };
  const { output } = await shell.handle({ type: "shell_call", call_id: "c", action });
  expect(output).toMatchObject([
    { outcome: { type: "exit", exit_code: 0 } },
    { stdout: "hello\n/workspace\n", outcome: { type: "exit", exit_code: 3 } },
    { outcome: { type: "timeout" } },
  ]);
  const local = await shell.handle({
    type: "local_shell_call",
    call_id: "c",
    action: { type: "exec", command: ["sh", "-c", 'echo "$A"'], env: { A: "it's" } },
  });
  expect(local.output).toBe("it's\n");
});

test("editor and shell of one container", async () => {
  await using sessions = new ToolSessions({ runtime: docker() });
  await using editor = createSandboxEditor({ sessions });
  await using shell = createSandboxShell({ sessions });
  await editor.createFile({ type: "create_file", path: "src/a.py", diff: "+print(1)\n+print(2)" });
  const diff = "@@\n print(1)\n-print(2)\n+print(3)";
  const updated = await editor.updateFile({ type: "update_file", path: "/workspace/src/a.py", diff });
  expect(updated).toEqual({ status: "completed", output: "Updated /workspace/src/a.py." });
  const action = { commands: ["python3 src/a.py"] };
  const { output } = await shell.handle({ type: "shell_call", call_id: "c", action });
  expect(output[0]!.stdout).toBe("1\n3\n");
});

test("a sandbox agent's container, and its files in another container afterwards", async () => {
  setTracingDisabled(true);
  const exec = (cmd: string): object[] => [{ name: "exec_command", arguments: { cmd } }];
  await using model = await loopbackModel([
    { calls: exec("echo made >> made.txt; cat a.txt; echo $MODE; id -u") as never },
    { text: "done" },
    { calls: exec("cat made.txt; ls; head -c 100000 /dev/zero | tr '\\0' x") as never },
    { text: "again" },
  ]);
  const openai = new OpenAI({ apiKey: "none", baseURL: model.baseUrl, maxRetries: 0 });
  const agent = new SandboxAgent({
    name: "a",
    model: new OpenAIResponsesModel(openai, "gpt-5"),
    defaultManifest: new Manifest({
      entries: { "a.txt": file({ content: "hello\n" }) },
      environment: { MODE: "test" },
    }),
  });
  let saved: string;
  {
    await using client = new SandboxAgentClient({ runtime: docker(), resumable: true });
    const result = await run(agent, "go", { sandbox: { client } });
    expect(result.finalOutput).toBe("done");
    saved = result.state.toString();
  }
  expect(model.told[0]).toMatch(/code 0\nOutput:\nhello\ntest\n(?!0\n)\d+\n$/);
  const template = /"template":"([^"]+)"/.exec(saved)![1]!;
  try {
    await using client = new SandboxAgentClient({ runtime: docker() });
    const sandbox = (JSON.parse(saved) as { sandbox: { sessionState: { providerState: object } } }).sandbox;
    expect(sandbox.sessionState.providerState).toMatchObject({ template });
    const sessionState = await client.deserializeSessionState({ ...sandbox.sessionState.providerState });
    const result = await run(agent, "go on", { sandbox: { client, sessionState } });
    expect(result.finalOutput).toBe("again");
    expect(model.told.at(-1)).toMatch(
      /made\na\.txt\nmade\.txt\nx+\n\[sandbox: [\d,]+ characters left out here\]/,
    );
  } finally {
    await removeImage(template);
  }
});

async function removeImage(name: string): Promise<void> {
  const socketPath = new URL((await findEngine()).address).pathname;
  const path = `/images/${encodeURIComponent(name)}?force=true`;
  const status = await new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method: "DELETE" }, (answer) => {
      answer.resume().once("end", () => resolve(answer.statusCode));
    });
    sent.once("error", reject).end();
  });
  expect(status).toBe(200);
}

test("the README's first snippet runs as it stands", async () => {
  await using model = await loopbackModel([
    { calls: [{ name: "execute_code", arguments: { code: "print(6 * 7)" } }] },
    { text: "It is 42." },
  ]);
  expect(await runFirstSnippet(join(import.meta.dirname, ".."), model)).toBe("It is 42.\n");
  expect(model.told).toEqual(["42"]);
});
