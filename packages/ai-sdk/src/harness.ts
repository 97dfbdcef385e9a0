import type { HarnessV1NetworkSandboxSession, HarnessV1SandboxProvider } from "@ai-sdk/harness";
import { SandboxError, SandboxSession } from "@llm-sandbox/core";
import type { SandboxSessionOptions } from "@llm-sandbox/core";
import { checkSessionOptions } from "@llm-sandbox/core/tool";
import { toSandboxSession } from "./to-sandbox-session.ts";

/** How the provider's sandboxes are opened. */
export interface SandboxProviderOptions extends SandboxSessionOptions {
  /** A session that is open, for every harness session; it is never closed here. No other option goes with it. */
  readonly session?: SandboxSession;
}

/**
 * A sandbox provider for the AI SDK's harness agents. Boxes open no ports, so it serves harnesses that work by commands and
 * files; one whose bridge listens inside the sandbox is told so when it asks for its port.
 */
export function sandboxProvider(options: SandboxProviderOptions = {}): HarnessV1SandboxProvider {
  checkSessionOptions("sandboxProvider", options, ["session"]);
  const { session: given, ...rest } = options;
  if (given && Object.keys(rest).length > 0) {
    throw new SandboxError("INVALID_OPTION", "A session and options for one are both given.");
  }
  // Constructing checks the options and starts nothing.
  const { facts } = given ?? new SandboxSession(rest);
  return {
    specificationVersion: "harness-sandbox-v1",
    providerId: "llm-sandbox",
    async createSession({ abortSignal, onFirstCreate } = {}) {
      if (given) return networkSession(given, facts.workspace, async () => {});
      const signal = abortSignal ? { signal: abortSignal } : {};
      const session = await SandboxSession.open({ ...rest, ...signal });
      try {
        await onFirstCreate?.(toSandboxSession(session), abortSignal ? { abortSignal } : {});
      } catch (error) {
        await session.close();
        throw error;
      }
      return networkSession(session, facts.workspace, () => session.close());
    },
  };
}

function networkSession(
  session: SandboxSession,
  workspace: string,
  stop: () => Promise<void>,
): HarnessV1NetworkSandboxSession {
  const noPorts = async (): Promise<never> => {
    throw new SandboxError("UNSUPPORTED", "This sandbox opens no ports.", {
      remedy: "Use a harness that works by commands and files.",
    });
  };
  return {
    ...toSandboxSession(session),
    id: session.id,
    defaultWorkingDirectory: workspace,
    ports: [],
    getPortEndpoint: noPorts,
    getPortUrl: noPorts,
    stop,
    destroy: stop,
    restricted: () => toSandboxSession(session),
  };
}
