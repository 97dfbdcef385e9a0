import { SandboxError } from "@llm-sandbox/core";
import { engineAdvice } from "./engine-advice.ts";
import { Interrupted } from "./interrupt.ts";
import { styled } from "./style.ts";
import { UsageError } from "./usage-error.ts";

/** Says on stderr what went wrong and what to do; returns the exit code. */
export function explain(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof UsageError) {
    say(`${error.message} (--help shows how)`);
    return 2;
  }
  if (!SandboxError.is(error)) {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 3;
  }
  const { code, message } = error;
  const advice = isWithoutEngine(error) ? engineAdvice() : undefined;
  say(
    advice === undefined
      ? message
      : `No Docker or Podman engine answers; there is no socket at any of the usual places.\n${advice}`,
  );
  return code === "UNKNOWN_LANGUAGE" || code === "INVALID_OPTION" ? 2 : 3;
}

/** True when nothing at all is where engines usually are; an engine that was chosen or that refuses has a remedy of its own. */
function isWithoutEngine({ code, details }: SandboxError): boolean {
  const tried = details["tried"];
  return (
    code === "ENGINE_NOT_FOUND" &&
    process.env.DOCKER_HOST === undefined &&
    Array.isArray(tried) &&
    tried.every(({ missing }: { missing?: unknown }) => missing === true)
  );
}

function say(message: string): void {
  process.stderr.write(`${styled("red", "llm-sandbox:", process.stderr)} ${message}\n`);
}
