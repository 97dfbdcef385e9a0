import type Docker from "dockerode";
import type { SandboxError } from "../../../errors.ts";
import type { EngineChoice } from "../engine-choice.ts";
import type { Endpoint } from "../connect.ts";

/** A place where an engine may be. */
export interface Candidate {
  /** Who names it, for messages: `DOCKER_HOST`, `the docker context "desktop-linux"`. */
  readonly source: string;
  /** How to get there, or why that cannot be. */
  readonly target: Endpoint | { readonly kind: "client"; readonly client: Docker } | SandboxError;
  /** Somebody chose it, so nothing else is tried when it does not answer. */
  readonly chosen: boolean;
}

/** What strategies look at; given by the caller so that they can be tried on any machine. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** The user's id, or null where there are none. */
  readonly uid: number | null;
}

/** An engine that may have been chosen by an option of something else than `docker()`. */
export interface NamedChoice extends EngineChoice {
  /** Who names the host, for messages. Default `docker({ host })`. */
  readonly hostFrom?: string;
}

/** Names candidates, the most likely first; none when it does not apply. */
export type Strategy = (
  surroundings: Surroundings,
  options: NamedChoice,
) => Promise<readonly Candidate[]> | readonly Candidate[];
