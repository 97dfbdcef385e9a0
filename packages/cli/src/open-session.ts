import { SandboxSession, type SandboxSessionOptions, type SignalOption } from "@llm-sandbox/core";
import { ProgressLine } from "./progress.ts";

/** Opens a session and, where it is to be visible, shows what takes long meanwhile: pulling or building an image. */
export async function openSession(
  options: SandboxSessionOptions & SignalOption,
  { visible = true }: { readonly visible?: boolean } = {},
): Promise<SandboxSession> {
  if (!visible) return SandboxSession.open(options);
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
