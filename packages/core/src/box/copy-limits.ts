import { SandboxError } from "../errors.ts";

export interface CopyLimits {
  /** Most bytes that may reach the host's disk. */
  readonly maxBytes: number;
  /** Most files and folders. */
  readonly maxEntries: number;
}

/** The error for a copy that would pass its limits. */
export function copyTooLarge(limits: CopyLimits): SandboxError {
  return new SandboxError(
    "FILE_TOO_LARGE",
    `The copy is over ${limits.maxBytes} bytes or ${limits.maxEntries} entries.`,
    { remedy: "Pass larger maxBytes or maxEntries, or copy less." },
  );
}
