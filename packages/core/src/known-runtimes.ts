import type { Runtime } from "./runtime.ts";

/** A runtime that can be asked for by name. */
export interface KnownRuntime {
  readonly name: RuntimeName;
  /** What a box is there, in a few words. */
  readonly boxes: string;
  /** What stands between the code and this machine, in a sentence. */
  readonly protection: string;
  /** How to get it on a usual Linux machine. */
  readonly toGet: string;
  /** Nothing is looked for before a box is asked for. */
  load(): Promise<Runtime>;
}

export type RuntimeName = "docker" | "oci" | "embedded";

/** In the order in which `auto()` prefers them; those that it never takes by itself come last. */
export const knownRuntimes: readonly KnownRuntime[] = [
  {
    name: "docker",
    boxes: "containers of Docker or Podman",
    protection:
      "Namespaces, cgroups, seccomp and a user of its own; code and machine share one kernel, unless the engine has gVisor or Kata.",
    toGet: "apt-get install docker.io (or podman) and start it",
    load: async () => (await import("./runtimes/docker/index.ts")).docker(),
  },
  {
    name: "embedded",
    boxes: "WebAssembly and V8 in a process without permissions",
    protection:
      "A Deno process that may read, write and reach nothing, and a file system in memory; code and machine share one kernel and V8's own walls.",
    toGet: "npm install deno pyodide just-bash",
    load: async () => (await import("./runtimes/embedded/index.ts")).embedded(),
  },
  {
    name: "oci",
    boxes: "containers started by runc, crun or runsc without a daemon",
    protection:
      "As with docker, and a user namespace of its own for every box; with runsc a second kernel in between.",
    toGet: "apt-get install runc (and uidmap, to use it without root)",
    load: async () => (await import("./runtimes/oci/index.ts")).oci(),
  },
];
