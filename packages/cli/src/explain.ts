import { SandboxError } from "@llm-sandbox/core";
import { Interrupted } from "./interrupt.ts";
import { engineAdvice } from "./engine-advice.ts";
import { styled } from "./style.ts";
import { UsageError } from "./usage-error.ts";

/** Says on stderr what went wrong and what to do; returns the exit code. */
export function explain(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof UsageError) {
    say(`${error.message} (--help shows how)`);
    return 2;
  }
  if (SandboxError.is(error, "UNKNOWN_LANGUAGE") || SandboxError.is(error, "INVALID_OPTION")) {
    say(error.message);
    return 2;
  }
  if (SandboxError.is(error, "ENGINE_NOT_FOUND")) {
    say(error.message);
    process.stderr.write(`\n${engineAdvice()}\n`);
    return 3;
  }
  say(SandboxError.is(error) ? `${error.message} (${error.code})` : String((error as Error).stack));
  return 3;
}

function say(message: string): void {
  process.stderr.write(`${styled("red", "llm-sandbox:", process.stderr)} ${message}\n`);
}
