import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Limits } from "../../../runtime.ts";
import { cgroupMachine, readText, type CgroupMachine } from "./cgroup-machine.ts";
import { findPlace, unsupported, type CgroupPlace, type Scopes } from "./cgroup-place.ts";

/** What the kernel limits boxes with on this machine. A box's cgroup is told by its path from each hierarchy's root on. */
export interface Cgroups {
  readonly version: 1 | 2;
  /** Swap is counted and can be bounded. */
  readonly limitsSwap: boolean;
  /**
   * Where a hierarchy of version 2 is mounted beside those of version 1, whose controllers are the ones in force; else
   * null. crun refuses to start a box where it sees such a machine, and has no need of it.
   */
  readonly unifiedBeside: string | null;
  /** What starts a box's supervisor in a scope around the box's cgroup, where the cgroup has to be in one; else null. */
  readonly scopes: Scopes | null;
  /** The cgroup that has those of boxes, or their scopes. */
  readonly parent: string;
  /** The cgroup of the box of that name. */
  path(name: string): string;
  /** Every folder that a cgroup has. */
  folders(path: string): readonly string[];
  /** Why the limits are not in force on a cgroup, or null when they are: what the kernel itself says. */
  missing(path: string, limits: EnforcedLimits): string | null;
}

/** In the units of the OCI. */
export interface EnforcedLimits {
  readonly memoryBytes: number;
  readonly processes: number;
  readonly quotaUs: number;
}

export const periodUs = 100_000;
const inScope = "box";

/** Limits of a box as the kernel takes them. */
export function enforcedLimits(limits: Limits, processes: number): EnforcedLimits {
  return {
    memoryBytes: Math.ceil(limits.memoryBytes),
    processes: Math.ceil(processes),
    // The kernel takes no less than a millisecond.
    quotaUs: Math.max(1_000, Math.round(limits.cpus * periodUs)),
  };
}

/** Looks at what is mounted and who this program is. Throws UNSUPPORTED, with what to do, when a limit could not be enforced. */
export function findCgroups(machine: CgroupMachine = cgroupMachine()): Cgroups {
  const place = findPlace(machine);
  return place.version === 1 ? oldCgroups(place) : unifiedCgroups(place);
}

function common({
  hierarchies,
  parent,
  scopes,
}: CgroupPlace): Pick<Cgroups, "scopes" | "parent" | "path" | "folders"> {
  return {
    scopes,
    parent,
    path: (name) => (scopes ? join(parent, `${name}.scope`, inScope) : join(parent, name)),
    folders: (path) => hierarchies.map(({ folder }) => join(folder, path)),
  };
}

function oldCgroups(place: CgroupPlace): Cgroups {
  const { hierarchies, parent } = place;
  const folderOf = (controller: string) =>
    hierarchies.find(({ controllers }) => controllers.includes(controller))!.folder;
  const memory = folderOf("memory");
  const limitsSwap = existsSync(join(memory, parent, "memory.memsw.limit_in_bytes"));
  checkSwap(limitsSwap);
  return {
    ...common(place),
    version: 1,
    limitsSwap,
    unifiedBeside: hierarchies.find(({ type }) => type === "cgroup2")?.folder ?? null,
    missing(path, { memoryBytes, processes, quotaUs }) {
      return (
        notAtMost(join(memory, path, "memory.limit_in_bytes"), memoryBytes) ??
        (limitsSwap ? notAtMost(join(memory, path, "memory.memsw.limit_in_bytes"), memoryBytes) : null) ??
        notAtMost(join(folderOf("pids"), path, "pids.max"), processes) ??
        notAtMost(join(folderOf("cpu"), path, "cpu.cfs_quota_us"), quotaUs)
      );
    },
  };
}

function unifiedCgroups(place: CgroupPlace): Cgroups {
  const folder = place.hierarchies[0]!.folder;
  const swapped = /\n\S/.test(readText("/proc/swaps") ?? "");
  return {
    ...common(place),
    version: 2,
    limitsSwap: true,
    unifiedBeside: null,
    missing(path, { memoryBytes, processes, quotaUs }) {
      return (
        notAtMost(join(folder, path, "memory.max"), memoryBytes) ??
        (swapped ? notAtMost(join(folder, path, "memory.swap.max"), 0) : null) ??
        notAtMost(join(folder, path, "pids.max"), processes) ??
        notAtMost(join(folder, path, "cpu.max"), quotaUs)
      );
    },
  };
}

function checkSwap(limitsSwap: boolean): void {
  if (limitsSwap || !/\n\S/.test(readText("/proc/swaps") ?? "")) return;
  throw unsupported(
    "This machine swaps, and its kernel does not limit how much.",
    "Boot with swapaccount=1, or switch swap off.",
  );
}

/** "max" and -1 mean no limit; of several figures in a line the first counts. */
function notAtMost(file: string, limit: number): string | null {
  const text = readText(file)?.trim().split(" ")[0];
  const value = text === undefined || text === "" || text === "max" ? Number.NaN : Number(text);
  return value >= 0 && value <= limit ? null : `${file} is ${text ?? "not there"} instead of ${limit}`;
}
