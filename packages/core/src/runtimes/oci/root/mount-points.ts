import type { Stats } from "node:fs";
import { lstat, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SandboxError } from "../../../errors.ts";
import { mountPoints } from "../box/config.ts";

/**
 * Makes the empty folders that a box's file systems are mounted on, where a root does not have them: in a box nobody
 * could. Throws INVALID_OPTION when they cannot be made.
 */
export async function makeMountPoints(root: string, more: readonly string[], mode = 0o755): Promise<void> {
  for (const path of [...mountPoints, ...more]) {
    try {
      await makeFolder(root, path.split("/").filter(Boolean), mode);
    } catch (error) {
      throw new SandboxError(
        "INVALID_OPTION",
        `The root ${root} has no folder ${path} to mount on, and it cannot be made: ${(error as Error).message}.`,
        { cause: error, remedy: `Run \`mkdir -p ${join(root, path)}\`.` },
      );
    }
  }
}

async function makeFolder(root: string, names: readonly string[], mode: number): Promise<void> {
  let path = root;
  for (const name of names) {
    path = join(path, name);
    const facts = (await factsOf(path)) ?? (await made(path, mode));
    // A link is the OCI runtime's to follow, inside the root.
    if (facts?.isSymbolicLink()) return;
    if (facts?.isDirectory() === false) throw new Error(`${path} is not a folder`);
  }
}

async function factsOf(path: string): Promise<Stats | null> {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
}

/** Makes the folder, and returns what is there where somebody else was quicker: another box of the same root. */
async function made(path: string, mode: number): Promise<Stats | null> {
  try {
    await mkdir(path, { mode });
    return null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return factsOf(path);
    throw error;
  }
}
