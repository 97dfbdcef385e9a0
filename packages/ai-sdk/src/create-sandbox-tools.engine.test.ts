import { createOpenAI } from "@ai-sdk/openai";
import { docker } from "@llm-sandbox/core/docker";
import { loopbackModel } from "@llm-sandbox/loopback-model";
import { generateText, isStepCount } from "ai";
import { expect, test } from "vitest";
import { createSandboxTool } from "./index.ts";

test("real code over the wire: a figure, an error, files, two conversations at once", async () => {
  const codes = [
    "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.savefig('plot.png')\nprint('drawn')",
    "print(undefined_name)",
    "import os\nprint(sorted(os.listdir('.')))",
  ];
  await using model = await loopbackModel(({ toolResults }) => {
    const code = codes[toolResults.length];
    return code === undefined
      ? { text: "Done." }
      : { calls: [{ name: "execute_code", arguments: { code } }] };
  });
  await using tool = createSandboxTool({ runtime: docker() });
  const openai = createOpenAI({ apiKey: "none", baseURL: model.baseUrl });
  const ask = async (prompt: string): Promise<unknown[]> =>
    (
      await generateText({
        model: openai.responses("m"),
        prompt,
        tools: { execute_code: tool },
        stopWhen: isStepCount(9),
      })
    ).steps.flatMap(({ toolResults }) => toolResults.map(({ output }) => (output as { text: string }).text));
  const all = await Promise.all([ask("one"), ask("two")]);
  for (const told of all) {
    expect(told[0]).toMatch(
      /^drawn\n\[sandbox: 1 image: saved at \/workspace\/[\w.-]+\.png\]\n\[sandbox: 1 file written: \/workspace\/plot\.png/,
    );
    expect(told[1]).toMatch(
      /line 1[\s\S]*NameError: name 'undefined_name' is not defined\n\[sandbox: Failed: NameError/,
    );
    expect(told[2]).toMatch(/^\[.*'plot\.png'.*\]$/);
  }
  expect(tool.sessions.list()).toHaveLength(2);
});

test("cancelling the generation leaves no process in the box", async () => {
  await using model = await loopbackModel([
    {
      calls: [
        { name: "execute_code", arguments: { code: "import subprocess\nsubprocess.run(['sleep', '4323'])" } },
      ],
    },
  ]);
  await using tool = createSandboxTool({ runtime: docker(), conversation: "one" });
  const control = new AbortController();
  const call = generateText({
    model: createOpenAI({ apiKey: "none", baseURL: model.baseUrl }).responses("m"),
    prompt: "Go.",
    tools: { execute_code: tool },
    stopWhen: isStepCount(9),
    abortSignal: control.signal,
  });
  call.then(undefined, () => {});
  const count = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c 'sleep 432[3]'";
  const running = async (): Promise<string | undefined> =>
    (await tool.sessions.session("one")?.executeCommand(count))?.stdout.trim();
  await expect.poll(running, { timeout: 30_000 }).toBe("1");
  control.abort();
  await expect(call).rejects.toThrow(/abort/i);
  await expect.poll(running, { timeout: 5_000 }).toBe("0");
});
