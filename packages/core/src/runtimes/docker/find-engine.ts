import type { Logger } from "../../logger.ts";
import { checkDockerOptions, type DockerOptions } from "./docker-options.ts";
import { discoverEngine } from "../engine/discovery/discover-engine.ts";
import type { Attempt } from "../engine/discovery/no-engine-error.ts";

/** What an engine says of itself, and how it was found. */
export interface EngineReport {
  readonly kind: "docker" | "podman";
  readonly version: string;
  readonly address: string;
  /** Who named it: an option, a variable, a context, a usual place. */
  readonly source: string;
  readonly architecture: string;
  readonly rootless: boolean;
  readonly ociRuntimes: readonly string[];
  /** What was tried before. */
  readonly attempts: readonly Attempt[];
}

/** Finds the engine that `docker(options)` would use, without changing anything on it; throws what `launch` would throw. */
export async function findEngine(
  options: DockerOptions = {},
  limits: { readonly signal?: AbortSignal; readonly logger?: Logger } = {},
): Promise<EngineReport> {
  const { engine, source, attempts } = await discoverEngine(checkDockerOptions(options), limits);
  const { kind, version, client, architecture, rootless, ociRuntimes } = engine;
  return { kind, version, address: client.address, source, architecture, rootless, ociRuntimes, attempts };
}
