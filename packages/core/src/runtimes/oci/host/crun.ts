import { basename } from "node:path";
import { unsupported } from "./cgroup-place.ts";
import type { Cgroups } from "./cgroups.ts";

/** What boxes started by crun (and krun, which is crun) need on machines with cgroups of version 1; nothing for others. */
export interface CrunNeeds {
  /** A mount point of this machine that it must not see, or null: it refuses a machine that has both versions. */
  readonly hidden: string | null;
  /** Paths in the box that it leaves writable: a folder in memory for everybody, and what is mounted in it. */
  readonly readonly: readonly string[];
}

const inBox = "/sys/fs/cgroup";

/** Throws UNSUPPORTED where it would have to be hidden from, and only root could do that. */
export function crunNeeds(
  ociRuntime: string,
  { version, unifiedBeside, folders }: Cgroups,
  rootless: boolean,
): CrunNeeds {
  if (version === 2 || !/^[ck]run/.test(basename(ociRuntime))) return { hidden: null, readonly: [] };
  if (rootless && unifiedBeside !== null) {
    throw unsupported(
      `Without root ${ociRuntime} works on no machine that has cgroups of both versions.`,
      "Use runc: `apt-get install runc`.",
    );
  }
  const mounted = folders("").map((path) => basename(path));
  return {
    hidden: unifiedBeside,
    // The folder first: making it read-only lays what is in it bare again.
    readonly: [inBox, ...mounted.map((name) => `${inBox}/${name}`)],
  };
}
