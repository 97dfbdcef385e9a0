import { stat } from "node:fs/promises";
import { SandboxError } from "../../../errors.ts";
import { checkReachable } from "../host/folders.ts";
import type { BoxRoot } from "./box-root.ts";

const prefix = "rootfs:";

/** The folder that a root's id names, or null for the id of an image. */
export function givenRootOf(id: string): string | null {
  return id.startsWith(prefix) ? id.slice(prefix.length) : null;
}

/** The root that `oci({ rootfs })` names. Throws INVALID_OPTION when no box could use it. */
export async function givenRoot(rootfs: string): Promise<BoxRoot> {
  const facts = await stat(rootfs).catch(() => null);
  if (!facts?.isDirectory()) {
    throw new SandboxError("INVALID_OPTION", `oci({ rootfs: ${JSON.stringify(rootfs)} }) is not a folder.`, {
      remedy:
        "Pass a folder with an unpacked Linux system: `docker export`, `mmdebstrap` and the like make one.",
    });
  }
  await checkReachable(rootfs);
  return { id: `${prefix}${rootfs}`, folder: rootfs, env: {}, volumes: [], template: null };
}
