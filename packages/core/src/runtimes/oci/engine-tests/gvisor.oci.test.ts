import { describe, expect, it } from "vitest";
import { SandboxSession } from "../../../session.ts";
import { isGvisor } from "../../shared/gvisor.ts";
import { oci } from "../index.ts";
import { machine } from "./machine.ts";

const gvisor = machine?.ociRuntimes.find(isGvisor);
const megabyte = 1024 * 1024;

describe.skipIf(gvisor === undefined)("a box in gVisor", () => {
  it("that needs more memory in all than its limit ends, and says so", async () => {
    const runtime = oci({ ociRuntime: gvisor! });
    await using session = await SandboxSession.open({ runtime, limits: { memoryBytes: 128 * megabyte } });
    const bomb = [
      "import os",
      "for _ in range(20):",
      "    if os.fork() == 0: break",
      "hoard = []",
      "while True: hoard.append(bytearray(1 << 20))",
    ];
    await expect(session.run(bomb.join("\n"), { timeoutMs: 60_000 })).rejects.toMatchObject({
      code: "BOX_LOST",
      message: expect.stringContaining("out of memory") as string,
    });
  });
});
