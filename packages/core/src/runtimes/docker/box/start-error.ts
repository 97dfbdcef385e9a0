import { SandboxError } from "../../../errors.ts";
import { EngineStatusError, fullDiskRemedy, sentence } from "../../engine/engine-error.ts";
import type { Engine } from "../../engine/engine.ts";
import { agentFolder } from "../../shared/memory-folders.ts";

/** Says what a failed creation or start means, with the engine's words and a next step. */
export function startError(
  error: unknown,
  context: {
    readonly engine: Engine;
    readonly ociRuntime: string | undefined;
    readonly diagnostics: string;
  },
): unknown {
  if (!(error instanceof EngineStatusError)) return error;
  const { engine, ociRuntime, diagnostics } = context;
  const said = diagnostics.trim() === "" ? "" : ` The agent said: ${sentence(diagnostics.trim())}`;
  return new SandboxError("BOX_START_FAILED", `The box did not start: ${sentence(error.reason)}${said}`, {
    remedy: remedyFor(error.reason, engine, ociRuntime),
    cause: error,
    details: { engine: `${engine.kind} ${engine.version}`, statusCode: error.statusCode },
  });
}

/** True when the agent's program was not where the box expected it: its volume was emptied or pruned. */
export function isAgentMissing(error: unknown): boolean {
  return (
    SandboxError.is(error, "BOX_START_FAILED") &&
    error.message.includes(agentFolder) &&
    /no such file|not found/i.test(error.message)
  );
}

function remedyFor(reason: string, engine: Engine, ociRuntime: string | undefined): string {
  if (ociRuntime !== undefined && /runtime/i.test(reason) && /unknown|not found|no such/i.test(reason)) {
    const known = engine.ociRuntimes.join(", ") || "none";
    return `Install the OCI runtime "${ociRuntime}" and tell the engine of it; it knows: ${known}.`;
  }
  if (/exec format error/i.test(reason))
    return "The image is for another processor: pass one for this engine.";
  if (/seccomp/i.test(reason)) return "The engine needs a kernel and an OCI runtime with seccomp.";
  if (/memory/i.test(reason)) return "Pass a larger limit of memory.";
  if (/cpu/i.test(reason)) return "Pass a limit of processor cores that the engine's machine has.";
  const full = fullDiskRemedy(reason);
  if (full !== undefined) return full;
  if (/operation not permitted|permission denied/i.test(reason)) {
    return "If the engine may not run root in containers, pass docker({ mode: 'same-uid' }).";
  }
  return "The engine's log says more.";
}
