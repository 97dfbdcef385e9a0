import { SandboxSession, type SandboxSessionOptions, type SignalOption } from "@llm-sandbox/core";
import { ProgressLine } from "./progress.ts";

/** Opens a session and, where it is to be visible, shows its warnings, and what takes long: pulling or building an image. */
export async function openSession(
  options: SandboxSessionOptions & SignalOption,
  { visible = true }: { readonly visible?: boolean } = {},
): Promise<SandboxSession> {
  if (!visible) return SandboxSession.open(options);
  const progress = new ProgressLine(`opening a ${String(options.lang)} box`);
  let opening = true;
  const warn = (message: string): void => {
    // What goes wrong later comes as an error.
    if (opening) progress.note(message);
  };
  const logger = { debug() {}, info() {}, warn };
  try {
    return await SandboxSession.open({
      ...(options.verbose === true ? {} : { logger }),
      ...options,
      onProgress: ({ message }) => progress.update(message),
    });
  } finally {
    opening = false;
    progress.end();
  }
}
