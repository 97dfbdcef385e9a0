import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { access, chmod, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SandboxError } from "../../../errors.ts";
import type { AgentBinary } from "../../shared/agent-binary.ts";
import { folderError, ownFolder } from "./folders.ts";

/**
 * A folder with the agent and nothing else, whole: made where it is missing, made again where it is damaged. Boxes may
 * execute the agent, not read it; gVisor must read what it executes.
 */
export async function agentFolderOnHost(
  cacheFolder: string,
  binary: AgentBinary,
  gvisor: boolean,
): Promise<string> {
  await ownFolder(cacheFolder, 0o755);
  const agents = await ownFolder(join(cacheFolder, "agent"), 0o755);
  const folder = await ownFolder(join(agents, gvisor ? `${binary.hash}-gvisor` : binary.hash), 0o755);
  const path = join(folder, "agent");
  const present = await readFile(path).catch(() => null);
  if (present?.equals(binary.bytes)) return executable(path, folder);
  const unfinished = join(cacheFolder, `agent-${randomBytes(6).toString("hex")}`);
  try {
    await writeFile(unfinished, binary.bytes, { flag: "wx", mode: 0o600 });
    await chmod(unfinished, gvisor ? 0o555 : 0o511);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw folderError(folder, error);
  }
  return executable(path, folder);
}

/** Throws PERMISSION_DENIED where the kernel executes nothing, whatever the file's permissions say. */
async function executable(path: string, folder: string): Promise<string> {
  await access(path, constants.X_OK).catch((cause: unknown) => {
    throw new SandboxError("PERMISSION_DENIED", `The agent cannot be executed at ${path}.`, {
      cause,
      remedy: "Its disk is mounted noexec: pass an oci({ cacheFolder }) on one that is not.",
    });
  });
  return folder;
}
