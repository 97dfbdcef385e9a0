import type { Stats } from "node:fs";
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
  if (await isOfThisMachine(facts)) {
    throw new SandboxError(
      "INVALID_OPTION",
      `oci({ rootfs: ${JSON.stringify(rootfs)} }) is a part of this machine's own system.`,
      { remedy: "Pass a folder that is the boxes' alone: they could read all in it that others may." },
    );
  }
  await checkReachable(rootfs);
  return { id: `${prefix}${rootfs}`, folder: rootfs, env: {}, volumes: [], template: null };
}

/** Those that a system consists of: boxes would see the machine's files, and folders to mount on would be made in them. */
const ownFolders =
  "/ /bin /boot /dev /etc /home /lib /lib64 /proc /root /run /sbin /sys /tmp /usr /usr/local /var /var/lib /var/tmp".split(
    " ",
  );

/** By what it is, whatever path or link leads there. */
async function isOfThisMachine({ dev, ino }: Stats): Promise<boolean> {
  const own = await Promise.all(
    [...ownFolders, process.env["HOME"] ?? "/root"].map((path) => stat(path).catch(() => null)),
  );
  return own.some((one) => one?.dev === dev && one.ino === ino);
}
