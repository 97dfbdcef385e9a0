import type { BoxSpec } from "../../../runtime.ts";
import type { BoxIds } from "../../shared/box-ids.ts";
import { memoryFolders, agentFolder } from "../../shared/memory-folders.ts";
import { processLimit } from "../../shared/process-limit.ts";
import { isGvisor } from "../../shared/gvisor.ts";
import { seccompProfile } from "../../shared/seccomp-profile.ts";

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

const mebibyte = 1024 * 1024;

/** The hardened container of a box; nothing in it may be left out without another defence in its place. */
export function createBody(input: CreateBodyInput): CreateBody {
  const { spec, image, ids, mode, ociRuntime } = input;
  const { limits } = spec;
  const split = mode === "split-uid";
  const pids = processLimit(limits.processes, isGvisor(ociRuntime));
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
      Tmpfs: tmpfs(input),
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

function tmpfs({ spec, image, ids }: CreateBodyInput): Record<string, string> {
  const options = memoryFolders(spec, image.volumes, ids.uid).map(
    ({ path, bytes, entries, mode, exec, owner }) => {
      const owned = owner === undefined ? "" : `,uid=${owner},gid=${owner}`;
      const flags = `rw,${exec ? "exec" : "noexec"},nosuid,nodev`;
      return [path, `${flags},size=${bytes},nr_inodes=${entries},mode=${mode}${owned}`] as const;
    },
  );
  return Object.fromEntries(options);
}
