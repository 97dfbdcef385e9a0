import { rmSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostFileError } from "../../host-file-error.ts";
import { isAlive, thisOwner } from "./owner.ts";

const prefix = "llm-sandbox-";
/** Folders of this program that are to be removed when it exits in the middle of the work. */
const open = new Set<string>();
let watchesExit = false;

/**
 * A folder of this program's own for as long as `work` takes. It is removed also when the program exits meanwhile; what
 * programs that were killed have left is removed by the next one. Throws FILE_ERROR or FILE_NOT_FOUND where none can be made.
 */
export async function withTemporaryFolder<Value>(
  kind: string,
  work: (folder: string) => Promise<Value>,
): Promise<Value> {
  await removeAbandoned(kind);
  const folder = await mkdtemp(join(tmpdir(), `${namesOf(kind)}${process.pid}-`)).catch((cause: unknown) => {
    throw hostFileError(tmpdir(), cause);
  });
  removeAtExit(folder);
  try {
    return await work(folder);
  } finally {
    open.delete(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

function removeAtExit(folder: string): void {
  open.add(folder);
  if (watchesExit) return;
  watchesExit = true;
  process.once("exit", () => {
    for (const left of open) rmSync(left, { recursive: true, force: true });
  });
}

/** Process ids mean something on this machine only, and a temporary folder may be shared with others. */
function namesOf(kind: string): string {
  return `${prefix}${kind}-${thisOwner().host.slice(0, 8)}-`;
}

async function removeAbandoned(kind: string): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names) {
    const pid = name.startsWith(namesOf(kind)) ? /-(\d+)-\w+$/.exec(name)?.[1] : undefined;
    const isAbandoned =
      pid !== undefined && isAlive({ ...thisOwner(), pid: Number(pid), started: "" }) === false;
    // Another user's folder stays: it cannot be removed.
    if (isAbandoned) await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
  }
}
