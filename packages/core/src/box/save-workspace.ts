import { SandboxError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { Runtime, Template } from "../runtime.ts";
import type { LiveBox } from "./live-box.ts";
import { templatePath } from "./live-box.ts";
import { receive } from "./receive.ts";

/** Streams the workspace out of the box into an image. `UNSUPPORTED` where the runtime keeps no templates. */
export async function saveWorkspace(
  runtime: Runtime,
  live: LiveBox,
  workspace: string,
  logger: Logger,
  options: { readonly name?: string; readonly signal?: AbortSignal },
): Promise<Template> {
  if (!runtime.features.templates || !runtime.saveTemplate) {
    throw new SandboxError("UNSUPPORTED", `The runtime ${runtime.name} keeps no templates.`, {
      remedy: "Copy the files out with copyFromRuntime() instead.",
    });
  }
  const packed = receive(live.connection, { op: "pack", path: workspace }, { signal: options.signal });
  const saving = runtime.saveTemplate(
    { base: live.box.identity.image, workspace: packed.stream, path: templatePath, name: options.name },
    { logger, ...(options.signal ? { signal: options.signal } : {}) },
  );
  const [template] = await Promise.all([saving, packed.done]).catch((error: Error) => {
    packed.stream.destroy(error);
    throw error;
  });
  return template;
}
