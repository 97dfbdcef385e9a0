import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SandboxError } from "../../../errors.ts";
import type { Limits } from "../../../runtime.ts";

/** What the kernel limits boxes with on this machine. */
export interface Cgroups {
  readonly version: 1 | 2;
  /** Swap is counted and can be bounded. */
  readonly limitsSwap: boolean;
  /**
   * Where a hierarchy of version 2 is mounted beside those of version 1, whose controllers are the ones in force; else
   * null. crun refuses to start a box where it sees such a machine, and has no need of it.
   */
  readonly unifiedBeside: string | null;
  /** Every folder that a cgroup directly below the root has. */
  folders(name: string): readonly string[];
  /** Why the limits are not in force on a cgroup, or null when they are: what the kernel itself says. */
  missing(name: string, limits: EnforcedLimits): string | null;
}

/** In the units of the OCI. */
export interface EnforcedLimits {
  readonly memoryBytes: number;
  readonly processes: number;
  readonly quotaUs: number;
}

export const periodUs = 100_000;

/** Limits of a box as the kernel takes them. */
export function enforcedLimits(limits: Limits, processes: number): EnforcedLimits {
  return {
    memoryBytes: Math.ceil(limits.memoryBytes),
    processes: Math.ceil(processes),
    // The kernel takes no less than a millisecond.
    quotaUs: Math.max(1_000, Math.round(limits.cpus * periodUs)),
  };
}

interface Mount {
  readonly folder: string;
  readonly type: string;
  readonly controllers: readonly string[];
}

const needed = ["memory", "pids", "cpu"] as const;

/** Looks at what is mounted. Throws UNSUPPORTED, with what to do, when a limit could not be enforced. */
export function findCgroups(mountinfo: string = readFileSync("/proc/self/mountinfo", "utf8")): Cgroups {
  const mounts = cgroupMounts(mountinfo);
  const unified = mounts.find(({ type }) => type === "cgroup2");
  const isOld = needed.every((name) => mounts.some(({ controllers }) => controllers.includes(name)));
  if (isOld) return oldCgroups(mounts);
  if (unified) return unifiedCgroups(unified.folder);
  throw unsupported(
    "This machine has no cgroups for memory, processes and processor time.",
    "Mount cgroup2 at /sys/fs/cgroup, or use docker().",
  );
}

function oldCgroups(mounts: readonly Mount[]): Cgroups {
  const folderOf = (controller: string) =>
    mounts.find(({ controllers }) => controllers.includes(controller))!.folder;
  const memory = folderOf("memory");
  for (const name of needed) checkWritable(folderOf(name));
  const limitsSwap = existsSync(join(memory, "memory.memsw.limit_in_bytes"));
  checkSwap(limitsSwap);
  return {
    version: 1,
    limitsSwap,
    unifiedBeside: mounts.find(({ type }) => type === "cgroup2")?.folder ?? null,
    folders: (name) => mounts.map(({ folder }) => join(folder, name)),
    missing(name, { memoryBytes, processes, quotaUs }) {
      return (
        notAtMost(join(memory, name, "memory.limit_in_bytes"), memoryBytes) ??
        (limitsSwap ? notAtMost(join(memory, name, "memory.memsw.limit_in_bytes"), memoryBytes) : null) ??
        notAtMost(join(folderOf("pids"), name, "pids.max"), processes) ??
        notAtMost(join(folderOf("cpu"), name, "cpu.cfs_quota_us"), quotaUs)
      );
    },
  };
}

function unifiedCgroups(folder: string): Cgroups {
  checkWritable(folder);
  const has = read(join(folder, "cgroup.controllers"))?.split(/\s+/) ?? [];
  const absent = needed.filter((name) => !has.includes(name));
  if (absent.length > 0) {
    throw unsupported(
      `The cgroup controllers ${absent.join(", ")} are not available in ${folder}.`,
      "Enable them in cgroup.subtree_control of the cgroup above, or use docker().",
    );
  }
  const swapped = existsSync("/proc/swaps") && /\n\S/.test(read("/proc/swaps") ?? "");
  return {
    version: 2,
    limitsSwap: true,
    unifiedBeside: null,
    folders: (name) => [join(folder, name)],
    missing(name, { memoryBytes, processes, quotaUs }) {
      return (
        notAtMost(join(folder, name, "memory.max"), memoryBytes) ??
        (swapped ? notAtMost(join(folder, name, "memory.swap.max"), 0) : null) ??
        notAtMost(join(folder, name, "pids.max"), processes) ??
        notAtMost(join(folder, name, "cpu.max"), quotaUs)
      );
    },
  };
}

function cgroupMounts(mountinfo: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of mountinfo.split("\n")) {
    const [before, after] = line.split(" - ");
    const folder = before?.split(" ")[4];
    const [type, , options] = after?.split(" ") ?? [];
    if (!folder || (type !== "cgroup" && type !== "cgroup2")) continue;
    mounts.push({ folder, type, controllers: type === "cgroup" ? (options?.split(",") ?? []) : [] });
  }
  return mounts;
}

function checkWritable(folder: string): void {
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw unsupported(
      `No cgroup can be made in ${folder}, so a box's limits could not be enforced.`,
      process.getuid?.() === 0
        ? "Mount it writable (in a container: run it privileged), or use docker()."
        : "Run as root, or use docker().",
    );
  }
}

function checkSwap(limitsSwap: boolean): void {
  if (limitsSwap || !/\n\S/.test(read("/proc/swaps") ?? "")) return;
  throw unsupported(
    "This machine swaps, and its kernel does not limit how much.",
    "Boot with swapaccount=1, or switch swap off.",
  );
}

/** "max" and -1 mean no limit; of several figures in a line the first counts. */
function notAtMost(file: string, limit: number): string | null {
  const text = read(file)?.trim().split(" ")[0];
  const value = text === undefined || text === "" || text === "max" ? Number.NaN : Number(text);
  return value >= 0 && value <= limit ? null : `${file} is ${text ?? "not there"} instead of ${limit}`;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function unsupported(message: string, remedy: string): SandboxError {
  return new SandboxError("UNSUPPORTED", message, { remedy });
}
