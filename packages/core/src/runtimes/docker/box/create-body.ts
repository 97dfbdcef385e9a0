import { posix } from "node:path";
import type { BoxSpec } from "../../../runtime.ts";
import type { BoxIds } from "./box-identity.ts";
import { isGvisor } from "./oci-runtime.ts";
import { seccompProfile } from "./seccomp-profile.ts";

/** Where the agent's read-only volume is in every box. */
export const agentFolder = "/.llm-sandbox-agent";

/** A container's description in the engine's API; only what the engine is told is written down. */
export interface CreateBody {
  readonly Image: string;
  readonly HostConfig: HostConfig;
  readonly Labels: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface HostConfig {
  readonly Tmpfs: Readonly<Record<string, string>>;
  readonly SecurityOpt: readonly string[];
  readonly Ulimits: readonly Ulimit[];
  readonly [field: string]: unknown;
}

export interface Ulimit {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

export interface CreateBodyInput {
  readonly spec: BoxSpec;
  readonly image: { readonly id: string; readonly volumes: readonly string[] };
  readonly ids: Pick<BoxIds, "uid">;
  readonly mode: "split-uid" | "same-uid";
  readonly agentVolume: string;
  readonly ociRuntime: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** Beside the user's processes: the agent's threads, fork servers and spares, which the user's own limit does not count. */
const agentProcesses = 64;
/** gVisor's kernel is one process of many threads, and the limit would end all of it. */
const sentryProcesses = 4096;
const mebibyte = 1024 * 1024;
const volumeBytes = 16 * mebibyte;

/** The hardened container of a box; nothing in it may be left out without another defence in its place. */
export function createBody(input: CreateBodyInput): CreateBody {
  const { spec, image, ids, mode, ociRuntime } = input;
  const { limits } = spec;
  const split = mode === "split-uid";
  const pids = limits.processes + agentProcesses + (isGvisor(ociRuntime) ? sentryProcesses : 0);
  const files = Math.max(limits.openFiles, 4096);
  return {
    Image: image.id,
    Entrypoint: [`${agentFolder}/agent`],
    Cmd: [],
    User: split ? "0:0" : `${ids.uid}:${ids.uid}`,
    WorkingDir: "/",
    Hostname: "sandbox",
    // The image's environment reaches the agent too: what would change a Go program is emptied.
    Env: ["GODEBUG=", "GOMAXPROCS=", "GOMEMLIMIT=", "GOGC=", "GOTRACEBACK="],
    Labels: input.labels,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    // The end of the host's connection, however it comes, is the end of the agent's input and so of the box.
    StdinOnce: true,
    Tty: false,
    // Beside NetworkMode none this spares the engine its whole network set-up; the box has a namespace of its own anyway.
    ...(spec.network === "none" ? { NetworkDisabled: true } : {}),
    Healthcheck: { Test: ["NONE"] },
    StopSignal: "SIGKILL",
    StopTimeout: 1,
    HostConfig: {
      NetworkMode: spec.network === "none" ? "none" : "default",
      ...(ociRuntime === undefined ? {} : { Runtime: ociRuntime }),
      AutoRemove: true,
      Init: false,
      RestartPolicy: { Name: "no" },
      LogConfig: { Type: "none", Config: {} },
      ReadonlyRootfs: true,
      Privileged: false,
      CapDrop: ["ALL"],
      CapAdd: split ? ["SETUID", "SETGID"] : [],
      SecurityOpt: ["no-new-privileges:true", `seccomp=${JSON.stringify(seccompProfile)}`],
      IpcMode: "private",
      CgroupnsMode: "private",
      Mounts: [
        {
          Type: "volume",
          Source: input.agentVolume,
          Target: agentFolder,
          ReadOnly: true,
          VolumeOptions: { NoCopy: true },
        },
      ],
      Tmpfs: memoryFolders(input),
      ShmSize: 16 * mebibyte,
      Memory: limits.memoryBytes,
      MemorySwap: limits.memoryBytes,
      NanoCpus: Math.max(1, Math.round(limits.cpus * 1e9)),
      PidsLimit: pids,
      Ulimits: [
        { Name: "nofile", Soft: files, Hard: files },
        { Name: "core", Soft: 0, Hard: 0 },
        { Name: "fsize", Soft: limits.diskBytes, Hard: limits.diskBytes },
        { Name: "memlock", Soft: 65_536, Hard: 65_536 },
      ],
    },
  };
}

/** The workspace, /tmp, and a small folder over each volume of the image, which would else be on the host's disk. */
function memoryFolders({ spec, image, ids }: CreateBodyInput): Record<string, string> {
  const { diskBytes, diskEntries } = spec.limits;
  const workspace = normal(spec.workspace);
  const folders: Record<string, string> = {};
  for (const volume of image.volumes.map(normal)) {
    if (volume === "/" || isInside(volume, agentFolder) || isInside(volume, "/proc")) continue;
    folders[volume] = `rw,noexec,nosuid,nodev,size=${volumeBytes},nr_inodes=4096,mode=1777`;
  }
  const scratchBytes = Math.ceil(diskBytes / 4);
  const scratchEntries = Math.max(1024, Math.ceil(diskEntries / 4));
  folders["/tmp"] = `rw,noexec,nosuid,nodev,size=${scratchBytes},nr_inodes=${scratchEntries},mode=1777`;
  // One entry more than asked for: the folder itself.
  folders[workspace] =
    `rw,exec,nosuid,nodev,size=${diskBytes},nr_inodes=${diskEntries + 1},mode=0700,uid=${ids.uid},gid=${ids.uid}`;
  return folders;
}

function normal(path: string): string {
  const clean = posix.normalize(`/${path}`);
  return clean.length > 1 && clean.endsWith("/") ? clean.slice(0, -1) : clean;
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
