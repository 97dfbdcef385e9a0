import { SandboxError } from "../../errors.ts";
import { parseEndpoint } from "../engine/connect.ts";
import type { EngineChoice } from "../engine/engine-choice.ts";

export type { DockerTls } from "../engine/engine-choice.ts";

/** How to reach an engine of the Docker API (Docker, Podman) and how boxes are made on it. */
export interface DockerOptions extends EngineChoice {
  /**
   * `split-uid` (default): the agent is root with two capabilities, user code is somebody else.
   * `same-uid`: both are one unprivileged user, for engines that allow no root.
   */
  readonly mode?: "split-uid" | "same-uid";
  /** An OCI runtime that the engine knows by this name: `runsc`, `kata`. */
  readonly ociRuntime?: string;
  /** The platform of the image: `linux/amd64`. Default: the engine's own. */
  readonly platform?: string;
  /**
   * What to do with an engine that cannot limit memory, processes or processors of a box. `refuse` (default): launches
   * reject with UNSUPPORTED. `accept`: boxes go without these limits, which a warning says.
   */
  readonly missingLimits?: "refuse" | "accept";
  /** When images are fetched. Default `missing`. */
  readonly pull?: "missing" | "never" | "always";
}

const known: readonly (keyof DockerOptions)[] = [
  "client",
  "host",
  "tls",
  "context",
  "mode",
  "missingLimits",
  "ociRuntime",
  "platform",
  "timeoutMs",
  "pull",
];

/** Returns the options as they are, or throws INVALID_OPTION naming the first that is unknown, malformed or contradicts another. */
export function checkDockerOptions(options: DockerOptions): DockerOptions {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw invalid("The options of docker() are not an object.", "Pass an object.");
  }
  for (const name of Object.keys(options)) {
    if (!(known as readonly string[]).includes(name)) {
      throw invalid(`docker() has no option "${name}".`, `The options are: ${known.join(", ")}.`);
    }
  }
  const { client, host, tls, timeoutMs } = options;
  for (const name of ["host", "context", "ociRuntime", "platform"] as const) {
    const value = options[name];
    if (value !== undefined && (typeof value !== "string" || value === "" || value.includes("\0"))) {
      throw invalid(`docker({ ${name} }) is not a text.`, "Pass a non-empty string.");
    }
  }
  oneOf("mode", options.mode, ["split-uid", "same-uid"]);
  oneOf("missingLimits", options.missingLimits, ["refuse", "accept"]);
  oneOf("pull", options.pull, ["missing", "never", "always"]);
  if (
    timeoutMs !== undefined &&
    !(Number.isFinite(timeoutMs) && timeoutMs >= 1 && timeoutMs <= 2 ** 31 - 1)
  ) {
    throw invalid(
      "docker({ timeoutMs }) is not a number of milliseconds.",
      "Pass a number from 1 to 2147483647.",
    );
  }
  if (client !== undefined && typeof client?.modem?.dial !== "function") {
    throw invalid(
      "docker({ client }) is not a dockerode instance.",
      "Pass `new Docker(…)` of the package dockerode.",
    );
  }
  const choices = (["client", "host", "context"] as const).filter((name) => options[name] !== undefined);
  if (choices.length > 1) {
    throw invalid(`docker() got ${choices.join(" and ")}, which each choose an engine.`, "Pass one of them.");
  }
  if (tls !== undefined && !host?.startsWith("tcp://") && !host?.startsWith("https://")) {
    throw invalid("docker({ tls }) needs a tcp:// host.", "Pass host: 'tcp://name:2376' beside it.");
  }
  if (options.platform !== undefined && !/^linux\/(amd64|arm64(\/v8)?)$/.test(options.platform)) {
    throw invalid(
      `docker({ platform: "${options.platform}" }) is not known.`,
      "Pass 'linux/amd64' or 'linux/arm64'.",
    );
  }
  if (host !== undefined) parseEndpoint(host, null);
  if (options.ociRuntime !== undefined && !/^[\w.+/-]+$/.test(options.ociRuntime)) {
    throw invalid(
      `docker({ ociRuntime: ${JSON.stringify(options.ociRuntime)} }) is no name of a runtime.`,
      "Pass the name that the engine's configuration gives it, like 'runsc'.",
    );
  }
  return options;
}

function oneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (value !== undefined && !(allowed as readonly unknown[]).includes(value)) {
    throw invalid(
      `docker({ ${name} }) is ${JSON.stringify(value) ?? typeof value}.`,
      `It is one of: ${allowed.join(", ")}.`,
    );
  }
}

function invalid(message: string, remedy: string): SandboxError {
  return new SandboxError("INVALID_OPTION", message, { remedy });
}
