import { basename } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { MachineUnderTest } from "../runtimes/oci/testing/machine-under-test.ts";
import { isGvisor } from "../runtimes/shared/gvisor.ts";
import { oci } from "../runtimes/oci/index.ts";
import { testRuntime } from "./conformance/test-runtime.ts";
import type { ConformanceException } from "./conformance/test-runtime.ts";

const machine = await MachineUnderTest.find();

const errorInstead =
  "gVisor refuses memory beyond the box's limit with an error that the program sees, and kills nothing";
const sessionLost =
  "memory beyond the box's limit ends gVisor's own kernel and so this session, never another's";

const gvisorExceptions: readonly ConformanceException[] = [
  ...["A/memory-bomb", "A/memory-bomb-hidden", "A/shared-memory-segments"].map((id) => ({
    case: id,
    reason: errorInstead,
  })),
  ...[
    "A/memory-bomb-many",
    "A/memfd",
    "A/shared-mappings",
    "A/socket-buffers",
    "A/pipe-buffers",
    "A/neighbour",
    "D/full-everything",
  ].map((id) => ({ case: id, reason: sessionLost })),
  {
    case: "A/inodes",
    reason: "gVisor's tmpfs knows no nr_inodes; the box's memory bounds the number of files",
  },
  {
    case: "A/limits-stay",
    reason: "gVisor takes any priority and OOM score and does nothing with them",
  },
  {
    case: "G/left-objects",
    reason:
      "gVisor has no /proc/sysvipc: System V objects of a run are not found, and stay until the session ends",
  },
  { case: "B/named-output", reason: "gVisor does not open a pipe of root's again by /proc/self/fd" },
  { case: "C/clean-environment", reason: "gVisor's /proc/self/status tells of no signals" },
  {
    case: "G/first-process",
    reason: "gVisor lets everybody see the names of a process's namespaces, which are its own inventions",
  },
  { case: "G/runs-apart", reason: "gVisor has no Landlock, which keeps the runs of one session apart" },
  {
    case: "G/devices",
    reason:
      "gVisor's /dev has its own fuse and tun, which reach only its own kernel and need capabilities there",
  },
];

// Without an OCI runtime this one line tells why nothing else is here.
test.skipIf(!machine)(
  "an OCI runtime starts boxes here: Linux, crun or runc, cgroups that this user may make",
  () => {
    expect(machine?.ociRuntimes.length).toBeGreaterThan(0);
  },
);

for (const ociRuntime of machine?.ociRuntimes ?? []) {
  // In gVisor, and without root, the agent cannot be the user: oci() refuses that.
  const one = isGvisor(ociRuntime) || process.getuid?.() !== 0;
  for (const mode of one ? (["split-uid"] as const) : (["split-uid", "same-uid"] as const)) {
    testRuntime({
      name: `oci with ${basename(ociRuntime)}, ${mode}`,
      runner: { describe, test, afterAll },
      runtime: () => oci({ mode, ociRuntime }),
      exceptions: isGvisor(ociRuntime) ? gvisorExceptions : [],
      leftovers: () => machine!.leftovers(process.pid),
    });
  }
}
