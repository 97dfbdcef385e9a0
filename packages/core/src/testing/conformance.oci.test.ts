import { afterAll, describe, expect, test } from "vitest";
import { MachineUnderTest } from "../runtimes/oci/testing/machine-under-test.ts";
import { isGvisor } from "../runtimes/shared/gvisor.ts";
import { oci } from "../runtimes/oci/index.ts";
import { testRuntime } from "./conformance/test-runtime.ts";

const machine = await MachineUnderTest.find();

// Without an OCI runtime this one line tells why nothing else is here.
test.skipIf(!machine)("an OCI runtime starts boxes here: root, Linux, crun or runc", () => {
  expect(machine?.ociRuntimes.length).toBeGreaterThan(0);
});

for (const ociRuntime of machine?.ociRuntimes ?? []) {
  // In gVisor the agent cannot be the user: oci() refuses that.
  for (const mode of isGvisor(ociRuntime) ? (["split-uid"] as const) : (["split-uid", "same-uid"] as const)) {
    testRuntime({
      name: `oci with ${ociRuntime}, ${mode}`,
      runner: { describe, test, afterAll },
      runtime: () => oci({ mode, ociRuntime }),
      leftovers: () => machine!.leftovers(process.pid),
    });
  }
}
