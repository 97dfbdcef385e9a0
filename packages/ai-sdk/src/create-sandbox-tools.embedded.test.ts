import { createOpenAI } from "@ai-sdk/openai";
import { embedded } from "@llm-sandbox/core/embedded";
import { loopbackModel } from "@llm-sandbox/loopback-model";
import { generateText, isStepCount } from "ai";
import { expect, test } from "vitest";
import { createSandboxTool } from "./index.ts";

test("without an engine, real code over the wire", async () => {
  await using model = await loopbackModel([
    { calls: [{ name: "execute_code", arguments: { code: "print(sum(range(10)))", timeout_ms: 60_000 } }] },
    { calls: [{ name: "execute_code", arguments: { code: "import numpy", timeout_ms: 60_000 } }] },
    { text: "Done." },
  ]);
  await using tool = createSandboxTool({ runtime: embedded() });
  const { text } = await generateText({
    model: createOpenAI({ apiKey: "none", baseURL: model.baseUrl }).chat("m"),
    prompt: "Go.",
    tools: { execute_code: tool },
    stopWhen: isStepCount(5),
  });
  expect(text).toBe("Done.");
  expect(model.told[0]).toBe("45");
  expect(model.told[1]).toMatch(
    /ModuleNotFoundError[\s\S]*\[sandbox: Failed: ModuleNotFoundError, with exit code 1\.\]$/,
  );
});
