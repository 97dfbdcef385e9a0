import { randomUUID } from "node:crypto";
import { SandboxError, SandboxSession } from "@llm-sandbox/core";
import type { SandboxSessionOptions } from "@llm-sandbox/core";
import { checkSessionOptions } from "@llm-sandbox/core/tool";
import { Manifest } from "@openai/agents/sandbox";
import type {
  ManifestInput,
  SandboxClient,
  SandboxClientCreateArgs,
  SandboxClientOptions,
} from "@openai/agents/sandbox";
import { AgentBox } from "./agent-box.ts";
import type { AgentBoxState } from "./agent-box.ts";
import { checkManifest, unsupported } from "./manifest-entries.ts";

/** Everything that `SandboxAgentClient` takes. */
export interface SandboxAgentClientOptions extends SandboxSessionOptions {
  /**
   * True: when a run ends or waits, its files are saved as an image of the runtime, from which `resume` goes on after the box
   * is gone, in another process too; removing images `llm-sandbox-agents:…` that nobody needs is up to you. Default: a box is
   * found again only while it runs, by this client.
   */
  readonly resumable?: boolean;
  /** Told of the sandbox's own failures, for logs: the model is told without details. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Boxes for the Agents SDK's `SandboxAgent`: `run(agent, input, { sandbox: { client } })`. Disposing closes those that are
 * open. What a manifest or a call asks and a box cannot do is `UNSUPPORTED`, never left out silently.
 */
export class SandboxAgentClient
  implements SandboxClient<SandboxClientOptions, AgentBoxState>, AsyncDisposable
{
  readonly backendId = "llm_sandbox";
  /** Otherwise the SDK asks for snapshots in folders of this machine. */
  readonly supportsDefaultOptions = false;
  readonly #options: SandboxSessionOptions;
  readonly #workspace: string;
  readonly #resumable: boolean;
  readonly #onError: ((error: unknown) => void) | undefined;
  readonly #open = new Map<string, AgentBox>();

  /** Checks every option and starts nothing; throws a SandboxError. */
  constructor(options: SandboxAgentClientOptions = {}) {
    checkSessionOptions("SandboxAgentClient", options, ["resumable", "onError"]);
    const { resumable = false, onError, ...session } = options;
    if (typeof resumable !== "boolean")
      throw new SandboxError("INVALID_OPTION", "resumable is not a boolean.");
    // Constructing checks the options and starts nothing.
    this.#workspace = new SandboxSession(session).facts.workspace;
    this.#options = session;
    this.#resumable = resumable;
    this.#onError = onError;
  }

  async create(
    input: SandboxClientCreateArgs | Manifest = {},
    manifestOptions?: SandboxClientOptions,
  ): Promise<AgentBox> {
    const { manifest, snapshot, options, concurrencyLimits: _, archiveLimits: __ } = argumentsOf(input);
    const given = manifestOptions ?? options;
    if (given !== undefined && Object.keys(given).length > 0) {
      throw unsupported("Options of one run are not taken.", "Pass them to the client's constructor.");
    }
    if (snapshot !== undefined && snapshot !== null && snapshot.type !== "noop") {
      throw unsupported("Snapshots of the SDK are not taken.", "Pass resumable: true to the client.");
    }
    const wanted = manifestOf(manifest, this.#workspace);
    checkManifest(wanted, this.#workspace);
    const box = await this.#box(this.#options, { manifest: wanted, sessionId: randomUUID() });
    try {
      await box.applyManifest(wanted);
      return box;
    } catch (error) {
      await box.close();
      throw error;
    }
  }

  /** The same box while it runs; otherwise a new one with the saved files, and without processes and variables. */
  async resume(state: AgentBoxState): Promise<AgentBox> {
    const found = this.#open.get(state.sessionId);
    if (found && (await found.running())) return found;
    if (state.template === undefined) {
      throw new SandboxError("SESSION_CLOSED", "The sandbox has ended, and its files were not saved.", {
        remedy: "Pass resumable: true to the client before the run.",
      });
    }
    const { dockerfile: _, ...options } = this.#options;
    return this.#box({ ...options, image: state.template }, { ...state, sessionId: randomUUID() });
  }

  async serializeSessionState(state: AgentBoxState): Promise<Record<string, unknown>> {
    const box = this.#open.get(state.sessionId);
    if (this.#resumable && box && (await box.running())) {
      // One image a box: a later one takes the earlier one's place.
      const name = `llm-sandbox-agents:${state.sessionId}`;
      state.template = (await box.session.snapshot({ name })).reference;
    }
    const { sessionId, template, manifest } = state;
    return { manifest, sessionId, ...(template === undefined ? {} : { template }) };
  }

  async deserializeSessionState(state: Record<string, unknown>): Promise<AgentBoxState> {
    const { sessionId, template, manifest } = state;
    if (typeof sessionId !== "string") throw new SandboxError("INVALID_OPTION", "This is no state of a box.");
    return {
      manifest: manifest instanceof Manifest ? manifest : new Manifest((manifest ?? {}) as ManifestInput),
      sessionId,
      workspaceReady: true,
      ...(typeof template === "string" ? { template } : {}),
    };
  }

  /** Whether a box that a run created can be gone back to after the run. */
  canPersistOwnedSessionState(): boolean {
    return this.#resumable;
  }

  async canReusePreservedOwnedSession(state: AgentBoxState): Promise<boolean> {
    return (await this.#open.get(state.sessionId)?.running()) ?? false;
  }

  async delete(state: AgentBoxState): Promise<void> {
    await this.#open.get(state.sessionId)?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open.values()].map((box) => box.close()));
  }

  async #box(options: SandboxSessionOptions, state: AgentBoxState): Promise<AgentBox> {
    const environment = await state.manifest.resolveEnvironment();
    const session = await SandboxSession.open({ ...options, env: { ...options.env, ...environment } });
    const box = new AgentBox(session, state, {
      onError: this.#onError,
      onClose: () => this.#open.delete(state.sessionId),
    });
    this.#open.set(state.sessionId, box);
    return box;
  }
}

function argumentsOf(input: SandboxClientCreateArgs | Manifest): SandboxClientCreateArgs {
  return input instanceof Manifest ? { manifest: input } : input;
}

function manifestOf(manifest: ManifestInput | undefined, root: string): Manifest {
  if (manifest === undefined) return new Manifest({ root });
  return manifest instanceof Manifest ? manifest : new Manifest(manifest);
}
