import { SandboxError } from "./errors.ts";

/** Of whatever is asked of a session after `close()`, and of what was still under way then. */
export function closedError(): SandboxError {
  return new SandboxError("SESSION_CLOSED", "The session is closed.", { remedy: "Open a new session." });
}

/** The box ended by itself, and `keepTemplate` came too late. */
export function templateLost(cause: Error): SandboxError {
  return new SandboxError("BOX_LOST", "The box was gone before its files could be kept as a template.", {
    remedy: "Call snapshot() where files must not be lost, as soon as they are there.",
    cause,
  });
}
