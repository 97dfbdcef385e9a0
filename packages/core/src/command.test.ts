import { expect, test } from "vitest";
import { commandResult } from "./command.ts";
import { SandboxError } from "./errors.ts";

test("errors that are not about the command itself are thrown", async () => {
  for (const error of [
    new Error("other"),
    new SandboxError("BOX_LOST", "gone"),
    new SandboxError("DISK_FULL", "full", { details: { code: "ENOSPC" } }),
  ]) {
    await expect(commandResult(["x"], Promise.reject(error))).rejects.toBe(error);
  }
});

test("a command that is not there counts its message's bytes", async () => {
  const error = new SandboxError("FILE_NOT_FOUND", "no", { details: { code: "ENOENT" } });
  const result = await commandResult(["é"], Promise.reject(error));
  expect(result).toMatchObject({ status: "failed", exitCode: 127, stderr: "é: command not found\n" });
  expect(result.truncated.stderr.bytes).toBe(Buffer.byteLength(result.stderr));
});
