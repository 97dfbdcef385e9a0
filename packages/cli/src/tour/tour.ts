import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionResult, Progress, Runtime, RuntimeName, SandboxSession } from "@llm-sandbox/core";
import { engineAdvice } from "../engine-advice.ts";
import { duration, styled } from "../style.ts";
import { type Step, stepsFor, visible } from "./steps.ts";
import { tourRuntime } from "./tour-runtime.ts";
import { TourSessions } from "./tour-sessions.ts";

/** The guided run: each step with its code, what came out and how long it took. Returns 0 when all went as it should. */
export async function tour(name: RuntimeName | undefined, signal: AbortSignal): Promise<number> {
  const begin = performance.now();
  const options = { ...(name === undefined ? {} : { runtime: name }), signal, onProgress: say };
  const sessionsOn = (runtime: Runtime): TourSessions =>
    new TourSessions(
      runtime,
      [...new Set(stepsFor(runtime.features.languages).map(({ lang }) => lang))],
      signal,
    );
  const { runtime, begun } = await tourRuntime(options, (message) => print(styled("yellow", message)), {
    begin: async (runtime) => {
      print(`Runtime: ${runtime.name}, ${(await runtime.probe?.({ signal })) ?? ""}`);
      const sessions = sessionsOn(runtime);
      try {
        await sessions.open(stepsFor(runtime.features.languages)[0]!.lang);
        return sessions;
      } catch (error) {
        await sessions[Symbol.asyncDispose]();
        throw error;
      }
    },
  });
  await using sessions = begun;

  const surprises: string[] = [];
  const shown = stepsFor(runtime.features.languages);
  print(styled("dim", `The first box opened in ${duration(performance.now() - begin)}`));
  let opened: string | undefined = shown[0]?.lang;
  for (const [index, step] of shown.entries()) {
    print(`\n${styled("bold", `${index + 1}/${shown.length}  ${step.title}`)}`);
    const openBegin = performance.now();
    const begunEarlier = sessions.has(step.lang);
    const session = await sessions.open(step.lang);
    if (step.lang !== opened) {
      const how = begunEarlier ? "opened beside the others, waited" : "opened in";
      print(styled("dim", `     box ${how} ${duration(performance.now() - openBegin)}`));
    }
    opened = step.lang;
    if (!(await show(step, session, signal))) surprises.push(step.title);
  }

  const total = duration(performance.now() - begin);
  if (surprises.length > 0) {
    print(styled("red", `\nNot as it should be: ${surprises.join("; ")} (${total})`));
    return 1;
  }
  const command = process.env.LLM_SANDBOX_COMMAND ?? "llm-sandbox";
  const advice = engineAdvice();
  if (runtime.name === "embedded" && advice !== undefined) {
    print(`\nFor every language, and containers: ${advice}`);
  }
  print(`\nDone in ${total}. Your own code: ${styled("bold", `${command} run FILE`)}`);
  return 0;
}

async function show(step: Step, session: SandboxSession, signal: AbortSignal): Promise<boolean> {
  printBlock("│ ", step.code, "cyan");
  const { timeoutMs = 60_000 } = step;
  const result = await session.run(step.code, { timeoutMs, signal });
  signal.throwIfAborted();
  printBlock("  ", outputOf(result));
  const good = result.status === step.expected && step.shows.test(visible(result));
  const mark = good ? styled("green", "✓") : styled("red", "✗");
  const exit = result.exitCode === null ? "" : `, exit code ${result.exitCode}`;
  print(`   ${mark} ${result.status}${exit}, ${styled("bold", duration(result.durationMs))}`);
  if (step.file !== undefined) await bringBack(step.file, session);
  return good;
}

async function bringBack(file: string, session: SandboxSession): Promise<void> {
  const begin = performance.now();
  const folder = await mkdtemp(join(tmpdir(), "llm-sandbox-tour-"));
  try {
    const copy = join(folder, file);
    await session.copyFromRuntime(file, copy);
    const took = duration(performance.now() - begin);
    print(`   ${styled("green", "✓")} copied to ${copy}, ${styled("bold", took)}`);
    printBlock("  ", await readFile(copy, "utf8"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function outputOf({ stdout, stderr, value, error }: ExecutionResult): string {
  const traceback = error !== null && !stderr.includes(error.traceback) ? error.traceback : "";
  return [stdout, stderr, traceback, value === null ? "" : `=> ${value}`]
    .map((part) => part.trimEnd())
    .filter((part) => part !== "")
    .join("\n");
}

function printBlock(margin: string, text: string, style?: "cyan"): void {
  for (const line of text.trimEnd().split("\n")) {
    print(`     ${margin}${style === undefined ? line : styled(style, line)}`);
  }
}

function say({ message }: Progress): void {
  print(styled("yellow", message));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
