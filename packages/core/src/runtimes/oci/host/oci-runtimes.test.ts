import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { SandboxError } from "../../../errors.ts";
import { silentLogger } from "../../../logger.ts";
import { OciRuntimes } from "./oci-runtimes.ts";

let folder: string;
const path = process.env["PATH"];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "llm-sandbox-runtimes-"));
  for (const name of ["crun", "runc", "youki"]) writeFileSync(join(folder, name), "", { mode: 0o755 });
  process.env["PATH"] = folder;
});
afterAll(() => {
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true });
});

it.skipIf(process.platform === "win32")(
  "the failure of the last OCI runtime that was tried keeps its remedy, and names those before it",
  async () => {
    const work = (program: string) =>
      Promise.reject(new SandboxError("BOX_START_FAILED", `${program} failed.`, { remedy: "Mend it." }));
    const error = await new OciRuntimes(undefined).use(silentLogger, work).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "BOX_START_FAILED", remedy: "Mend it." });
    const { message, details } = error as SandboxError;
    expect(message).toMatch(/failed\. Mend it\.$/);
    expect(details["tried"]).toEqual(
      expect.arrayContaining([`${join(folder, "crun")}: ${join(folder, "crun")} failed. Mend it.`]),
    );
  },
);
