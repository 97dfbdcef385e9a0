import { SandboxError } from "../../errors.ts";

/** The engine answered with an error status. */
export class EngineStatusError extends SandboxError {
  readonly statusCode: number;
  /** The engine's own words. */
  readonly reason: string;

  constructor(statusCode: number, reason: string, what: string) {
    const remedy = fullDiskRemedy(reason);
    super("ENGINE_ERROR", sentence(`The engine could not ${what}: ${reason}`), {
      ...(remedy === undefined ? {} : { remedy }),
      details: { statusCode },
    });
    this.statusCode = statusCode;
    this.reason = reason;
  }
}

/** Turns whatever dockerode's connection rejects with into a SandboxError. */
export function engineErrorFrom(error: unknown, what: string): SandboxError {
  if (SandboxError.is(error)) return error;
  const { statusCode, json, message, code } = error as {
    statusCode?: number;
    json?: { message?: unknown; cause?: unknown } | null;
    message?: string;
    code?: string;
  };
  if (typeof statusCode === "number") {
    const reason =
      typeof json?.message === "string"
        ? json.message
        : (message ?? "").replace(/^\(HTTP code \d+\) \S+( \S+)*? - /, "");
    // Podman answers 500 when something vanishes while it looks.
    const vanished = statusCode === 500 && /no such (container|volume)/i.test(reason);
    // An engine that is being stopped may give no reason at all.
    const said = oneLine(reason) || `it said no more than HTTP ${statusCode}`;
    return new EngineStatusError(vanished ? 404 : statusCode, said, what);
  }
  return new SandboxError(
    "ENGINE_ERROR",
    sentence(`The engine could not ${what}: ${oneLine(message || code || String(error))}`),
    { cause: error, remedy: "Is the engine running? `docker version` tells." },
  );
}

/** What to do if an engine's words are about its disk being full. */
export function fullDiskRemedy(words: string): string | undefined {
  return /no space left|disk quota exceeded/i.test(words)
    ? "Free disk space on the engine's machine: `docker system df` shows what takes it."
    : undefined;
}

/** True for an engine's refusal with one of these HTTP status codes. */
export function hasStatus(error: unknown, ...statusCodes: number[]): error is EngineStatusError {
  return error instanceof EngineStatusError && statusCodes.includes(error.statusCode);
}

/** The text with a full stop at its end, so that another sentence may follow. */
export function sentence(text: string): string {
  return /[.!?:\n]$/.test(text) ? text : `${text}.`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim().slice(0, 2000);
}
