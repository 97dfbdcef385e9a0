import { SandboxError } from "../../errors.ts";
import type { EngineClient } from "./engine-client.ts";

/** An engine that has answered, with the facts that boxes depend on. */
export interface Engine {
  readonly client: EngineClient;
  readonly kind: "docker" | "podman";
  readonly version: string;
  /** As in image platforms: `amd64`, `arm64`. */
  readonly architecture: string;
  /** Its containers know only the uids and gids below 65,536 (rootless, or a user namespace of its own). */
  readonly fewIds: boolean;
  readonly rootless: boolean;
  /** Names of the OCI runtimes that the engine knows. */
  readonly ociRuntimes: readonly string[];
  /** The one that it takes by itself; empty when it does not say. */
  readonly defaultOciRuntime: string;
}

interface VersionAnswer {
  readonly Version?: string;
  readonly Os?: string;
  readonly Arch?: string;
  readonly Components?: readonly { readonly Name?: string }[] | null;
}

interface InfoAnswer {
  readonly OSType?: string;
  readonly Architecture?: string;
  readonly SecurityOptions?: readonly string[] | null;
  readonly Runtimes?: Readonly<Record<string, unknown>> | null;
  readonly DefaultRuntime?: string;
}

/** Asks the engine what it is. Throws UNSUPPORTED for one that runs no Linux containers. */
export async function describeEngine(
  client: EngineClient,
  limits: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number } = {},
): Promise<Engine> {
  const what = "say what it is";
  const [version, info] = await Promise.all([
    client.json<VersionAnswer>({ method: "GET", path: "/version" }, { what, ...limits }),
    client.json<InfoAnswer>({ method: "GET", path: "/info" }, { what, ...limits }),
  ]);
  const os = info.OSType ?? version.Os ?? "linux";
  if (os !== "linux") {
    throw new SandboxError("UNSUPPORTED", `The engine at ${client.address} runs ${os} containers.`, {
      remedy: "Switch Docker Desktop to Linux containers.",
    });
  }
  const security = info.SecurityOptions ?? [];
  const has = (name: string) => security.some((option) => option.split(",").includes(`name=${name}`));
  return {
    client,
    kind: (version.Components ?? []).some(({ Name }) => Name === "Podman Engine") ? "podman" : "docker",
    version: version.Version ?? "unknown",
    architecture: goArchitecture(version.Arch ?? info.Architecture ?? "unknown"),
    fewIds: has("rootless") || has("userns"),
    rootless: has("rootless"),
    ociRuntimes: Object.keys(info.Runtimes ?? {}),
    defaultOciRuntime: info.DefaultRuntime ?? "",
  };
}

/** `x86_64` → `amd64`: images name platforms in Go's words, kernels in their own. */
export function goArchitecture(name: string): string {
  const names: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64", armv8: "arm64" };
  return names[name] ?? name;
}
