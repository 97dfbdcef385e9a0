import type { BoxSpec } from "../../../runtime.ts";
import { agentFolder, memoryFolders } from "../../shared/memory-folders.ts";
import { seccompProfile } from "../../shared/seccomp-profile.ts";
import { periodUs, type EnforcedLimits } from "../host/cgroups.ts";
import type { IdMapping } from "../host/machine-ids.ts";

export interface BoxConfigInput {
  readonly spec: BoxSpec;
  readonly mode: "split-uid" | "same-uid";
  readonly uid: number;
  /** The root's folder on this machine. */
  readonly root: string;
  readonly volumes: readonly string[];
  /** The folder on this machine that has the agent and nothing else. */
  readonly agent: string;
  /** A template's folder on this machine. */
  readonly template: string | null;
  /** The ids of this machine that are the box's. */
  readonly users: readonly IdMapping[];
  readonly groups: readonly IdMapping[];
  /** Its path from each hierarchy's root on. */
  readonly cgroup: string;
  readonly limits: EnforcedLimits;
  readonly limitsSwap: boolean;
  /** Further paths in the box that nobody may write to. */
  readonly readonlyPaths: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** Where a template's workspace is in a box: the folder of the agent's `restore`. */
export const templateFolder = "/.llm-sandbox";
/** Folders that every root must have for a box to be made of it. */
export const mountPoints: readonly string[] = ["/proc", "/dev", "/sys", "/tmp", agentFolder, templateFolder];

const mebibyte = 1024 * 1024;

/** What tells about the machine or reaches beyond the box, though a box of its own has no use for it. */
const masked = [
  "acpi",
  "asound",
  "interrupts",
  "kcore",
  "keys",
  "kmsg",
  "latency_stats",
  "sched_debug",
  "scsi",
]
  .concat(["timer_list", "timer_stats"])
  .map((name) => `/proc/${name}`);
const maskedPaths = [...masked, "/sys/firmware", "/sys/devices/virtual/powercap"];
const readonlyPaths = ["bus", "fs", "irq", "sys", "sysrq-trigger"].map((name) => `/proc/${name}`);

/** The hardened box as an OCI runtime reads it; nothing in it may be left out without another defence in its place. */
export function boxConfig(input: BoxConfigInput): object {
  const { spec, mode, uid, limits } = input;
  const split = mode === "split-uid";
  const capabilities = split ? ["CAP_SETUID", "CAP_SETGID"] : [];
  const files = Math.max(spec.limits.openFiles, 4096);
  const fileBytes = Math.ceil(spec.limits.diskBytes);
  const user = split ? 0 : uid;
  return {
    ociVersion: "1.0.2",
    hostname: "sandbox",
    annotations: input.annotations,
    root: { path: input.root, readonly: true },
    process: {
      terminal: false,
      user: { uid: user, gid: user },
      args: [`${agentFolder}/agent`],
      env: [],
      cwd: "/",
      noNewPrivileges: true,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      rlimits: [
        rlimit("NOFILE", files),
        rlimit("CORE", 0),
        rlimit("FSIZE", fileBytes),
        rlimit("MEMLOCK", 65_536),
      ],
    },
    mounts: mounts(input),
    linux: {
      uidMappings: input.users,
      gidMappings: input.groups,
      namespaces: ["pid", "network", "ipc", "uts", "mount", "user", "cgroup"].map((type) => ({ type })),
      cgroupsPath: input.cgroup,
      resources: {
        devices: [{ allow: false, access: "rwm" }],
        memory: {
          limit: limits.memoryBytes,
          // Memory and swap together.
          ...(input.limitsSwap ? { swap: limits.memoryBytes } : {}),
        },
        pids: { limit: limits.processes },
        cpu: { quota: limits.quotaUs, period: periodUs },
      },
      maskedPaths,
      readonlyPaths: [...readonlyPaths, ...input.readonlyPaths],
      seccomp: seccompProfile,
    },
  };
}

function mounts({ spec, uid, volumes, agent, template }: BoxConfigInput): object[] {
  const system = ["nosuid", "noexec", "nodev"];
  const bind = (destination: string, source: string) => ({
    destination,
    type: "bind",
    source,
    options: ["bind", "ro", "nosuid", "nodev", "private"],
  });
  return [
    mount("/proc", "proc", system),
    mount("/dev", "tmpfs", ["nosuid", "noexec", "mode=755", "size=65536", "nr_inodes=256"]),
    mount("/dev/pts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]),
    mount("/dev/shm", "tmpfs", [...system, "mode=1777", `size=${16 * mebibyte}`, "nr_inodes=4096"]),
    mount("/dev/mqueue", "mqueue", system),
    mount("/sys", "sysfs", [...system, "ro"]),
    mount("/sys/fs/cgroup", "cgroup", [...system, "relatime", "ro"]),
    ...memoryFolders(spec, volumes, uid).map(({ path, bytes, entries, mode, exec, owner }) =>
      mount(path, "tmpfs", [
        "nosuid",
        "nodev",
        exec ? "exec" : "noexec",
        `size=${Math.ceil(bytes)}`,
        `nr_inodes=${Math.ceil(entries)}`,
        `mode=${mode}`,
        ...(owner === undefined ? [] : [`uid=${owner}`, `gid=${owner}`]),
      ]),
    ),
    bind(agentFolder, agent),
    ...(template === null ? [] : [bind(templateFolder, template)]),
  ];
}

function mount(destination: string, type: string, options: readonly string[]): object {
  return { destination, type, source: type, options };
}

function rlimit(name: string, value: number): object {
  return { type: `RLIMIT_${name}`, soft: value, hard: value };
}
