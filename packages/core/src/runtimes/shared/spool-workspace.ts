import { createWriteStream } from "node:fs";
import { Transform, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { SandboxError } from "../../errors.ts";
import { explainedHostError } from "../../host-file-error.ts";

const largestWorkspaceBytes = 16 * 1024 ** 3;

/** Writes all of a workspace's tar into a file that is not there yet. Throws FILE_TOO_LARGE, FILE_ERROR, or the signal's reason. */
export async function spoolWorkspace(
  workspace: Readable,
  file: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  let bytes = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= largestWorkspaceBytes) return done(null, chunk);
      return done(
        new SandboxError("FILE_TOO_LARGE", "The workspace is too large to be kept as a template.", {
          remedy: `Remove files from it: at most ${largestWorkspaceBytes} bytes are kept.`,
        }),
      );
    },
  });
  try {
    await pipeline(
      workspace,
      limit,
      createWriteStream(file, { mode: 0o600, flags: "wx" }),
      signal ? { signal } : {},
    );
  } catch (error) {
    signal?.throwIfAborted();
    throw explainedHostError(file, error);
  }
}
