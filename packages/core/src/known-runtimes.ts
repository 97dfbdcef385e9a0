import type { Runtime } from "./runtime.ts";

/** A runtime that can be asked for by name. */
export interface KnownRuntime {
  readonly name: RuntimeName;
  /** What a box is there, in a few words. */
  readonly boxes: string;
  /** What stands between the code and this machine, in a sentence. */
  readonly protection: string;
  /** The kernel bounds what the code may take; false: only walls in the process do, and whoever gets it is warned. */
  readonly kernelLimits: boolean;
  /** What would be stronger, and how to have it. */
  readonly stronger: string;
  /** How to get it on a usual Linux machine. */
  readonly toGet: string;
  /** Nothing is looked for before a box is asked for. */
  load(): Promise<Runtime>;
}

export type RuntimeName = "docker" | "oci" | "embedded";

/** In the order in which `auto()` prefers them. */
export const knownRuntimes: readonly KnownRuntime[] = [
  {
    name: "docker",
    boxes: "containers of Docker or Podman",
    protection:
      "Namespaces, cgroups, seccomp and a user of its own; code and machine share one kernel, unless the engine has gVisor or Kata.",
    kernelLimits: true,
    stronger: `a second kernel in between, docker({ ociRuntime: "runsc" }) with an engine that has gVisor`,
    toGet: "apt-get install docker.io (or podman) and start it",
    load: async () => (await import("./runtimes/docker/index.ts")).docker(),
  },
  {
    name: "oci",
    boxes: "containers started by runc, crun or runsc without a daemon",
    protection:
      "Namespaces, cgroups, seccomp and a user namespace of its own for every box; code and machine share one kernel, unless the OCI runtime is gVisor's runsc.",
    kernelLimits: true,
    stronger: `a second kernel in between, oci({ ociRuntime: "runsc" }) with gVisor's runsc`,
    toGet: "apt-get install crun buildah (and uidmap, to use it without root)",
    load: async () => (await import("./runtimes/oci/index.ts")).oci(),
  },
  {
    name: "embedded",
    boxes: "WebAssembly and V8 in a process without permissions",
    protection:
      "A Deno process that may read, write and reach nothing, and a file system in memory; code and machine share one kernel and V8's own walls.",
    kernelLimits: false,
    stronger:
      "containers, of an engine (apt-get install docker.io) or without one (apt-get install crun buildah; uidmap too, without root)",
    toGet: "npm install deno pyodide just-bash",
    load: async () => (await import("./runtimes/embedded/index.ts")).embedded(),
  },
];
