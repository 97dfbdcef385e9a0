import { SandboxSession, type SandboxSessionOptions } from "@llm-sandbox/core";
import { ProgressLine } from "./progress.ts";

/** Opens a session and shows what takes long meanwhile: pulling or building an image. */
export async function openSession(options: SandboxSessionOptions): Promise<SandboxSession> {
  const progress = new ProgressLine(`opening a ${String(options.lang)} box`);
  try {
    return await SandboxSession.open({
      ...options,
      onProgress: ({ message }) => progress.update(message),
    });
  } finally {
    progress.end();
  }
}
