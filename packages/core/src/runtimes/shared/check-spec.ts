import { SandboxError } from "../../errors.ts";
import type { BoxSpec } from "../../runtime.ts";

/** Throws INVALID_OPTION for a specification that would not be what it says. */
export function checkSpec(spec: BoxSpec): void {
  const wrong = (what: string, remedy: string) => new SandboxError("INVALID_OPTION", what, { remedy });
  if (!/^[a-z0-9][a-z0-9-]{0,99}$/.test(spec.sessionId)) {
    throw wrong(`The session id "${spec.sessionId}" is malformed.`, "Use a-z, 0-9 and dashes.");
  }
  if (!/^\/[^\0:,]*[^\0:,/]$/.test(spec.workspace) || spec.workspace.split("/").includes("..")) {
    throw wrong(`"${spec.workspace}" cannot be the workspace.`, "Pass an absolute path below /.");
  }
  for (const [name, value] of Object.entries(spec.limits)) {
    // Zero means "no limit" to engines, which nobody who writes 0 as a limit means.
    if (!(Number.isFinite(value) && value > 0))
      throw wrong(`limits.${name} is ${value}.`, "Pass a number above 0.");
  }
}
