import { createHash, randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SandboxError } from "../../../errors.ts";
import type { Engine } from "../../engine/engine.ts";
import { hostFolder } from "../../shared/host-folder.ts";
import { seccompProfile } from "../../shared/seccomp-profile.ts";

/**
 * The path of our seccomp profile as a file, for an engine that takes profiles only as files on its own machine: null
 * when it is not Podman behind a socket of this machine.
 */
export async function seccompFile(engine: Engine): Promise<string | null> {
  if (engine.kind !== "podman" || process.platform !== "linux") return null;
  if (!engine.client.address.startsWith("unix://")) return null;
  const text = JSON.stringify(seccompProfile);
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
  try {
    const path = join(await hostFolder(), `seccomp-${hash}.json`);
    if ((await readFile(path, "utf8").catch(() => "")) === text) return path;
    const unfinished = `${path}.${randomBytes(6).toString("hex")}`;
    await writeFile(unfinished, text, { mode: 0o644, flag: "wx" });
    await rename(unfinished, path);
    return path;
  } catch {
    return null;
  }
}

/** True when an engine does not see the file: it runs behind the socket in a virtual machine or in other mounts. */
export function isSeccompFileUnseen(error: unknown): boolean {
  return SandboxError.is(error, "BOX_START_FAILED") && /seccomp profile/.test(error.message);
}
