import type { CreateBody, HostConfig } from "./create-body.ts";

/** Podman wants its own `nproc`; enough for the agent, which has the box's own limit of processes above it. */
const processes = 4096;
/** Where Podman runs with a low hard limit it cannot give a box more. */
const mostFiles = 20_000;

/**
 * The same box in the words that Podman's Docker API understands. What it refuses is replaced by what is as strong:
 * - its API takes no seccomp profile as text: Podman's own profile is in force, and the agent's filter on all user code;
 * - its tmpfs know neither `uid` nor `nr_inodes`: split-uid lets everybody write in the workspace's folder (the only
 *   others in the box are the agent and the user); the number of files is bounded by the box's memory alone.
 */
export function forPodman(
  body: CreateBody,
  _box: { readonly mode: "split-uid" | "same-uid"; readonly rootless: boolean },
): CreateBody {
  const { HostConfig: host } = body;
  const Tmpfs = Object.fromEntries(
    Object.entries(host.Tmpfs).map(([path, options]) => [path, tmpfsOptions(options)]),
  );
  const SecurityOpt = host.SecurityOpt.filter((option) => !option.startsWith("seccomp="));
  const Ulimits = [
    ...host.Ulimits.map((limit) =>
      limit.Name === "nofile"
        ? { ...limit, Soft: Math.min(limit.Soft, mostFiles), Hard: Math.min(limit.Hard, mostFiles) }
        : limit,
    ),
    { Name: "nproc", Soft: processes, Hard: processes },
  ];
  const adapted: HostConfig = { ...host, Tmpfs, SecurityOpt, Ulimits };
  return { ...body, HostConfig: adapted };
}

function tmpfsOptions(options: string): string {
  return options
    .split(",")
    .filter((option) => !/^(uid|gid|nr_inodes)=/.test(option))
    .map((option) => (option === "mode=0700" ? "mode=0777" : option))
    .join(",");
}
