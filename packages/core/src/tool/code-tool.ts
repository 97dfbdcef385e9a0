import { findLanguage } from "../languages/index.ts";
import type { RichOutput } from "../execution.ts";
import { describeCode } from "./describe-code.ts";
import type { Described } from "./describe-code.ts";
import { resultText } from "./result-text.ts";
import { defineTool, languageArgument, timeoutArgument } from "./sandbox-tool.ts";
import type { SandboxTool, ToolSettings, ToolWork } from "./sandbox-tool.ts";
import { saveImages } from "./saved-images.ts";
import { shorten } from "./shorten.ts";
import type { ToolOutcome, ToolStatus } from "./tool-outcome.ts";

/** Characters of code that a call takes: more is data, which belongs in a file. */
const mostCodeCharacters = 1_000_000;

/** The tool that runs code. */
export function codeTool(settings: ToolSettings, described: Described, name = "execute_code"): SandboxTool {
  const { languages } = settings.sessions;
  return defineTool(
    {
      name,
      title: "Run code in a sandbox",
      description: describeCode(described),
      readOnly: false,
      arguments: [
        languageArgument(languages, resolveLanguage),
        {
          name: "code",
          kind: "text",
          required: true,
          description: "The source text of the program, as it would stand in a file.",
          most: mostCodeCharacters,
        },
        timeoutArgument(settings.maxTimeoutMs),
      ],
      run: runCode,
    },
    settings,
  );
}

async function runCode(work: ToolWork): Promise<ToolOutcome> {
  const { live, values, timeoutMs, maxOutputLength, signal, onOutput } = work;
  const watched = await live.watch.during(async () => {
    const ran = await live.run(unfenced(values["code"] as string), {
      timeoutMs,
      ...(signal ? { signal } : {}),
      ...(onOutput ? { onOutput } : {}),
    });
    if (ran.result.status === "cancelled") throw signal?.reason ?? new Error("Cancelled.");
    return ran;
  });
  const { files, together } = watched;
  const { result, forgot } = watched.result;
  const images = await saveImages(live, result.outputs, files);
  const value = result.value ?? shownTexts(result.outputs);
  const told = {
    result: { ...result, value },
    images,
    files,
    together,
    notices: work.notices,
    forgot,
    timeoutMs,
    memoryBytes: live.session.facts.limits.memoryBytes,
  };
  return {
    text: resultText(told, maxOutputLength),
    status: result.status as ToolStatus,
    notices: work.notices,
    stdout: shorten(result.stdout, maxOutputLength),
    stderr: shorten(result.stderr, maxOutputLength),
    exitCode: result.exitCode,
    value: value === null ? null : shorten(value, maxOutputLength),
    error: result.error,
    images,
    files,
    durationMs: result.durationMs,
  };
}

/** What the code displayed as text, where it was no value and no picture. */
function shownTexts(outputs: readonly RichOutput[]): string | null {
  const texts = outputs
    .filter(({ data }) => !Object.keys(data).some((type) => type.startsWith("image/")))
    .map(({ data }) => data["text/plain"])
    .filter((text) => typeof text === "string");
  return texts.length === 0 ? null : texts.join("\n");
}

/** Code that came with its Markdown fence, without it: no program of these languages begins with one. */
function unfenced(code: string): string {
  return /^\s*```[\w+-]*[ \t]*\r?\n([\s\S]*?)\r?\n?```\s*$/.exec(code)?.[1] ?? code;
}

/** The language's own name, or undefined for one that is not known. */
export function resolveLanguage(name: string): string | undefined {
  try {
    return findLanguage(name).name;
  } catch {
    return undefined;
  }
}
