import { SandboxError } from "../errors.ts";
import type { ChangedFile, CommandResult } from "../execution.ts";
import { byPath } from "./session-files.ts";
import type { FileEntry, SessionFiles } from "./session-files.ts";

/** Entries of the workspace that are looked through; in larger ones it is not told what changed. */
const mostEntries = 20_000;

/** What the files of a workspace looked like at one moment: a stamp by path, undefined when they could not be listed. */
type Stamps = ReadonlyMap<string, Stamp> | undefined;
interface Stamp {
  readonly size: number;
  readonly stamp: string;
}

/** Runs something and, if asked, adds to its result which files of the workspace are not as they were before. */
export async function withChangedFiles<Result extends CommandResult>(
  files: SessionFiles,
  asked: boolean | undefined,
  run: () => Promise<Result>,
): Promise<Result> {
  if (!asked) return run();
  const before = await stampsOf(files);
  const result = await run();
  return { ...result, changedFiles: difference(before, await stampsOf(files)) };
}

/** Which files differ; null when one of the two is not known. Sorted by path. */
function difference(before: Stamps, after: Stamps): readonly ChangedFile[] | null {
  if (!before || !after) return null;
  const changed: ChangedFile[] = [];
  for (const [path, { size, stamp }] of after) {
    const earlier = before.get(path);
    if (!earlier) changed.push({ path, change: "created", size });
    else if (earlier.stamp !== stamp) changed.push({ path, change: "modified", size });
  }
  for (const path of before.keys()) {
    if (!after.has(path)) changed.push({ path, change: "removed", size: null });
  }
  return changed.toSorted(byPath);
}

/** The run's result must not be lost for a folder that cannot be read, or for too many files. */
async function stampsOf(files: SessionFiles): Promise<Stamps> {
  try {
    const entries = await files.list(".", { recursive: true, maxEntries: mostEntries });
    return new Map(
      entries
        .filter(({ type }) => type === "file" || type === "symlink")
        .map((entry) => [entry.path, { size: entry.size, stamp: stampOf(entry) }]),
    );
  } catch (error) {
    if (SandboxError.is(error)) return undefined;
    throw error;
  }
}

/** Stays the same as long as nobody writes to the file. */
export function stampOf({ type, size, mode, modifiedAt, target }: FileEntry): string {
  return `${type} ${size} ${mode} ${modifiedAt.getTime()} ${target ?? ""}`;
}
