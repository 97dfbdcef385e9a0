import { SandboxError } from "../../errors.ts";

/** The engine answered with an error status. */
export class EngineStatusError extends SandboxError {
  readonly statusCode: number;
  /** The engine's own words. */
  readonly reason: string;

  constructor(statusCode: number, reason: string, what: string) {
    super("ENGINE_ERROR", sentence(`The engine could not ${what}: ${reason}`), { details: { statusCode } });
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
    return new EngineStatusError(vanished ? 404 : statusCode, oneLine(reason), what);
  }
  return new SandboxError(
    "ENGINE_ERROR",
    sentence(`The engine could not ${what}: ${oneLine(message || code || String(error))}`),
    { cause: error, remedy: "Is the engine running? `docker version` tells." },
  );
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
