import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { ExecutionResult } from "../../execution.ts";
import type { Sample } from "../../languages/sample.ts";
import { languageSamples } from "../../languages/samples.ts";
import type { SandboxSession } from "../../session.ts";
import type { CaseLanguage, ConformanceCase } from "./conformance-case.ts";

/** A language's image may have to be built first. */
const timeoutMs = 900_000;

export const languageCases: readonly ConformanceCase[] = Object.entries(languageSamples).flatMap(
  ([language, samples]) =>
    samples.map((sample): ConformanceCase => ({
      id: sampleCaseId(language, sample.name),
      title: `the sample program "${sample.name}" of ${language} gives what it should`,
      timeoutMs,
      async run(bench) {
        const session = await bench.shared({ lang: language as CaseLanguage });
        checkResult(sample, await runSample(session, sample));
      },
    })),
);

/** The cases of a language, for a runtime that does not have it. */
export function casesOfLanguage(language: string): readonly string[] {
  const samples = (languageSamples as Readonly<Record<string, readonly Sample[]>>)[language] ?? [];
  return samples.map(({ name }) => sampleCaseId(language, name));
}

function sampleCaseId(language: string, sample: string): string {
  return `L/${language}-${sample.replaceAll(/\W+/g, "-")}`;
}

function runSample(session: SandboxSession, sample: Sample): Promise<ExecutionResult> {
  const { name: _name, code, expected: _expected, ...options } = sample;
  return session.run(code, options);
}

/** Fails, naming the sample, unless the result is what it expects. */
function checkResult({ name, expected }: Sample, result: ExecutionResult): void {
  const { status = "ok", error, outputs, ...same } = expected;
  const said = `${name}: ${JSON.stringify(result)}`;
  strictEqual(result.status, status, said);
  for (const [property, value] of Object.entries(same)) {
    deepStrictEqual(result[property as keyof typeof same], value, said);
  }
  if (outputs) {
    const kinds = result.outputs.map(({ kind, data }) => [kind, ...Object.keys(data).sort()].join(" "));
    deepStrictEqual(kinds, outputs, said);
  }
  if (error === null) strictEqual(result.error, null, said);
  if (!error) return;
  strictEqual(result.error?.name, error.name, said);
  ok(result.error.message.includes(error.message ?? ""), said);
  ok(result.error.traceback !== "", said);
  if (error.line !== undefined) strictEqual(result.error.line, error.line, said);
}
