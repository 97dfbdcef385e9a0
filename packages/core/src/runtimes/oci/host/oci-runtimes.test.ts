import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

it.skipIf(process.platform === "win32").each([
  ["runsc", /not on this machine.*go install .*gvisor\.dev/],
  ["/nowhere/runsc", /not on this machine.*go install .*gvisor\.dev/],
  ["youki", /not on this machine.*no package/],
  ["frobnicate", /not on this machine.*apt-get install crun/],
  ["FOLDER/plain", /cannot be executed.*chmod \+x FOLDER\/plain/],
])("%s, which is not there or no program, is told with what to do", (name, answer) => {
  writeFileSync(join(folder, "plain"), "", { mode: 0o644 });
  rmSync(join(folder, "youki"), { force: true });
  let said = "";
  try {
    new OciRuntimes(name.replace("FOLDER", folder)).check();
  } catch (error) {
    said = (error as Error).message;
  }
  expect(said.replaceAll(folder, "FOLDER")).toMatch(answer);
});

it("gVisor is to be got as the documentation says", () => {
  const documentation = readFileSync(join(import.meta.dirname, "../../../../../../docs/oci.md"), "utf8");
  const [, command] = /`(CGO_ENABLED=0 go install .*?)`/.exec(documentation)!;
  expect(() => new OciRuntimes("/nowhere/runsc").check()).toThrow(`\`${command}\``);
});
