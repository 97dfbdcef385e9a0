import { SandboxError } from "../errors.ts";

export interface CopyLimits {
  /** Most bytes that may reach the host's disk. */
  readonly maxBytes: number;
  /** Most files and folders. */
  readonly maxEntries: number;
}

/** What a copy of a folder has left out. */
export interface CopyReport {
  /** Links that would lead out of the folder, and things that are neither files, folders nor links. */
  readonly skipped: readonly SkippedEntry[];
}

export interface SkippedEntry {
  /** Relative to the copied folder. */
  readonly path: string;
  /** For a person: `is a link that leaves the folder`. */
  readonly reason: string;
}

/** The error for a copy that would pass its limits. */
export function copyTooLarge(limits: CopyLimits): SandboxError {
  return new SandboxError(
    "FILE_TOO_LARGE",
    `The copy is over ${limits.maxBytes} bytes or ${limits.maxEntries} entries.`,
    { remedy: "Pass larger maxBytes or maxEntries, or copy less." },
  );
}
