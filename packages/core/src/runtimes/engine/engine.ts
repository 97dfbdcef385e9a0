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
  /** What of a box it cannot limit, as rootless engines without cgroups: it would take the limits and drop them. */
  readonly unlimited: readonly Unlimited[];
  /** The one that it takes by itself; empty when it does not say. */
  readonly defaultOciRuntime: string;
}

export type Unlimited = "memory" | "processes" | "processors";

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
  /** Podman 4 says it here only. */
  readonly Rootless?: boolean;
  readonly MemoryLimit?: boolean;
  readonly PidsLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
}

interface PodmanInfoAnswer {
  readonly host?: { readonly cgroupControllers?: readonly string[] | null };
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
  const rootless = has("rootless") || info.Rootless === true;
  const isPodman = (version.Components ?? []).some(({ Name }) => Name === "Podman Engine");
  return {
    client,
    kind: isPodman ? "podman" : "docker",
    version: version.Version ?? "unknown",
    architecture: goArchitecture(version.Arch ?? info.Architecture ?? "unknown"),
    fewIds: rootless || has("userns"),
    rootless,
    ociRuntimes: Object.keys(info.Runtimes ?? {}),
    defaultOciRuntime: info.DefaultRuntime ?? "",
    unlimited: isPodman ? await unlimitedByPodman(client, limits) : unlimitedByDocker(info),
  };
}

function unlimitedByDocker({ MemoryLimit, PidsLimit, CpuCfsQuota }: InfoAnswer): readonly Unlimited[] {
  return [
    ...(MemoryLimit === false ? (["memory"] as const) : []),
    ...(PidsLimit === false ? (["processes"] as const) : []),
    ...(CpuCfsQuota === false ? (["processors"] as const) : []),
  ];
}

/** Podman's Docker API claims every limit; its own tells which controllers of cgroups it has. */
async function unlimitedByPodman(
  client: EngineClient,
  limits: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number },
): Promise<readonly Unlimited[]> {
  const { host } = await client.json<PodmanInfoAnswer>(
    { method: "GET", path: "/v3.0.0/libpod/info" },
    { what: "say what it can limit", ...limits },
  );
  const controllers = host?.cgroupControllers;
  if (!controllers) return [];
  const needed = { memory: "memory", pids: "processes", cpu: "processors" } as const;
  return Object.entries(needed).flatMap(([name, limited]) => (controllers.includes(name) ? [] : [limited]));
}

/** `x86_64` → `amd64`: images name platforms in Go's words, kernels in their own. */
export function goArchitecture(name: string): string {
  const names: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64", armv8: "arm64" };
  return names[name] ?? name;
}
