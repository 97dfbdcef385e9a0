import { posix } from "node:path";
import type { BoxSpec } from "../../runtime.ts";

/** Where the agent's program is in every box. */
export const agentFolder = "/.llm-sandbox-agent";

/** A folder in a box that is in memory, with its bounds. */
export interface MemoryFolder {
  readonly path: string;
  readonly bytes: number;
  readonly entries: number;
  readonly mode: string;
  /** Programs in it may be executed. */
  readonly exec: boolean;
  /** The user and group that it belongs to; root when left out. */
  readonly owner?: number;
}

const volumeBytes = 16 * 1024 * 1024;

/** A small folder over each volume of the image, which would else be on the host's disk; then /tmp, then the workspace. */
export function memoryFolders(
  spec: BoxSpec,
  volumes: readonly string[],
  uid: number,
): readonly MemoryFolder[] {
  const { diskBytes, diskEntries } = spec.limits;
  const folders = new Map<string, MemoryFolder>();
  const add = (folder: MemoryFolder) => folders.set(folder.path, folder);
  for (const path of volumes.map(normal)) {
    if (path === "/" || isInside(path, agentFolder) || isInside(path, "/proc")) continue;
    add({ path, bytes: volumeBytes, entries: 4096, mode: "1777", exec: false });
  }
  const scratchEntries = Math.max(1024, Math.ceil(diskEntries / 4));
  add({
    path: "/tmp",
    bytes: Math.ceil(diskBytes / 4),
    entries: scratchEntries,
    mode: "1777",
    exec: false,
  });
  // One entry more than asked for: the folder itself.
  add({
    path: normal(spec.workspace),
    bytes: diskBytes,
    entries: diskEntries + 1,
    mode: "0700",
    exec: true,
    owner: uid,
  });
  return [...folders.values()];
}

function normal(path: string): string {
  const clean = posix.normalize(`/${path}`);
  return clean.length > 1 && clean.endsWith("/") ? clean.slice(0, -1) : clean;
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
