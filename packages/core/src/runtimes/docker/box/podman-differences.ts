import type { CreateBody, HostConfig } from "./create-body.ts";

/** Podman wants its own `nproc`; enough for the agent, which has the box's own limit of processes above it. */
const processes = 4096;
/** Where Podman runs with a low hard limit it cannot give a box more. */
const mostFiles = 20_000;
/**
 * Podman makes these writable, unbounded and executable in a box with a read-only root, and fills them with what the
 * image has there, folders for everybody like /run/lock included, unless told otherwise.
 */
const ownFolder = "rw,noexec,nosuid,nodev,notmpcopyup,size=1048576,mode=0755";
const ownFolders = { "/run": ownFolder, "/var/tmp": ownFolder };

/**
 * The same box in the words that Podman's Docker API understands. What it refuses is replaced:
 * - its API takes no seccomp profile as text, so it gets a file where it sees one (`seccompPath`); elsewhere Podman's own
 *   profile is in force, and in any case the agent's filter on all user code;
 * - its tmpfs take no `uid`: in same-uid mode Podman's `U` gives the workspace to the user; in split-uid it is open to
 *   everybody in the box, which is the agent and the user;
 * - its tmpfs take no `nr_inodes`: the number of files is bounded by the box's memory alone.
 */
export function forPodman(
  body: CreateBody,
  box: { readonly mode: "split-uid" | "same-uid"; readonly seccompPath: string | null },
): CreateBody {
  const { HostConfig: host } = body;
  const Tmpfs: Record<string, string> = { ...ownFolders };
  for (const [path, options] of Object.entries(host.Tmpfs)) {
    Tmpfs[path] = tmpfsOptions(options, box.mode);
  }
  const SecurityOpt = [
    ...host.SecurityOpt.filter((option) => !option.startsWith("seccomp=")),
    ...(box.seccompPath === null ? [] : [`seccomp=${box.seccompPath}`]),
  ];
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

function tmpfsOptions(options: string, mode: "split-uid" | "same-uid"): string {
  const owned = /(^|,)uid=/.test(options);
  const kept = options.split(",").filter((option) => !/^(uid|gid|nr_inodes)=/.test(option));
  if (!owned) return kept.join(",");
  return mode === "same-uid"
    ? [...kept, "U"].join(",")
    : kept.map((option) => (option === "mode=0700" ? "mode=0777" : option)).join(",");
}
