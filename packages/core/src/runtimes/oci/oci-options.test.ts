import { expect, it } from "vitest";
import { oci } from "./index.ts";

it.each([
  { colour: "green" },
  { rootfs: "" },
  { rootfs: 7 },
  { ociRuntime: "../runc" },
  { ociRuntime: "-rf" },
  { mode: "root" },
  { pull: "sometimes" },
  { timeoutMs: 0 },
  { timeoutMs: Number.NaN },
  { imagesFrom: "a\0b" },
  null,
  [],
])("oci(%j) is refused", (options) => {
  expect(() => oci(options as never)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
});

it("an OCI runtime may be a name or an absolute path", () => {
  expect(oci({ ociRuntime: "runc" }).name).toBe("oci");
  expect(oci({ ociRuntime: "/opt/gvisor/runsc", rootfs: "relative" }).features.networks).toEqual(["none"]);
});
