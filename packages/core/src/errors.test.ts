import { expect, test } from "vitest";
import { amended, SandboxError } from "./errors.ts";

test("the message ends with the remedy, and code, cause and details are there to branch on", () => {
  const cause = new Error("cause");
  const error = new SandboxError("DISK_FULL", "The disk is full.", {
    remedy: "Remove files.",
    cause,
    details: { code: "ENOSPC" },
  });
  expect(error.message).toBe("The disk is full. Remove files.");
  expect(error).toMatchObject({
    code: "DISK_FULL",
    remedy: "Remove files.",
    cause,
    details: { code: "ENOSPC" },
  });
  expect(new SandboxError("DISK_FULL", "Full.").message).toBe("Full.");
});

test("SandboxError.is knows its own kind, also from another copy of the package, and by code", () => {
  const error = new SandboxError("DISK_FULL", "x");
  const foreign = Object.assign(new Error("x"), { name: "SandboxError", code: "DISK_FULL" });
  for (const one of [error, foreign]) {
    expect(SandboxError.is(one)).toBe(true);
    expect(SandboxError.is(one, "DISK_FULL")).toBe(true);
    expect(SandboxError.is(one, "BOX_LOST")).toBe(false);
  }
  for (const other of [
    null,
    undefined,
    "SandboxError",
    {},
    new Error("x"),
    { name: "SandboxError", code: "x" },
  ]) {
    expect(SandboxError.is(other)).toBe(false);
  }
});

test("an amended error keeps what is not amended, and is caused by the first", () => {
  const error = new SandboxError("DISK_FULL", "Full.", { remedy: "Remove files.", details: { path: "/x" } });
  const other = amended(error, { remedy: "Buy a disk.", details: { absent: true } });
  expect(other.message).toBe("Full. Buy a disk.");
  expect(other).toMatchObject({ code: "DISK_FULL", details: { path: "/x", absent: true }, cause: error });
  expect(amended(other, {}).message).toBe("Full. Buy a disk.");
});
