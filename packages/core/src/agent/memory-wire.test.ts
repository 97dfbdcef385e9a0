import { expect, test } from "vitest";
import { memoryWire } from "./memory-wire.ts";

test.for(["host", "agent"] as const)(
  "what the %s has written may be overwritten when its write has called back",
  async (end) => {
    const wire = memoryWire();
    const writer = wire[end];
    const reader = wire[end === "host" ? "agent" : "host"];
    const memory = Buffer.from("before");
    await new Promise<void>((resolve) => {
      writer.write(memory, () => resolve());
      reader.read(0);
    });
    memory.write("after!");
    expect(String(reader.read())).toBe("before");
  },
);
