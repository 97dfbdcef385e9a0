import type { Runtime } from "../../runtime.ts";
import { findAgentBinary } from "../shared/agent-binary.ts";
import { checkDockerOptions, type DockerOptions } from "./docker-options.ts";
import { DockerRuntime } from "./docker-runtime.ts";

export type { DockerOptions, DockerTls } from "./docker-options.ts";
export { findEngine, type EngineReport } from "./find-engine.ts";

/**
 * Boxes as containers of a Docker or Podman engine. The engine is looked for at the first use: throws INVALID_OPTION
 * here for options that cannot be, ENGINE_NOT_FOUND there.
 */
export function docker(options: DockerOptions = {}): Runtime {
  return new DockerRuntime(checkDockerOptions(options), findAgentBinary);
}
