import { auto, SandboxError } from "@llm-sandbox/core";
import type { AutoOptions, Runtime } from "@llm-sandbox/core";

export interface Beginning<Begun> {
  /** Begins on a runtime; of one that nobody named, a failure leads to the embedded one. */
  readonly begin: (runtime: Runtime) => Promise<Begun>;
  readonly choose?: (options: AutoOptions) => Promise<Runtime>;
}

/**
 * The runtime of the guided run, begun on. Where an engine or OCI runtime is there and cannot be used, `auto` refuses a
 * weaker one; the programs of the guided run are our own, so it shows them on the embedded one, and says why.
 */
export async function tourRuntime<Begun>(
  options: AutoOptions,
  say: (message: string) => void,
  { begin, choose = auto }: Beginning<Begun>,
): Promise<{ readonly runtime: Runtime; readonly begun: Begun }> {
  const beginOn = async (runtime: Runtime) => ({ runtime, begun: await begin(runtime) });
  try {
    return await beginOn(await choose(options));
  } catch (error) {
    const named = options.runtime !== undefined || choices.some((name) => (process.env[name] ?? "") !== "");
    if (named || !SandboxError.is(error) || !replaced.has(error.code) || error.details["chosen"] === true)
      throw error;
    say(error.message);
    say("The programs of this guided run are harmless: they are shown without an engine.\n");
    return beginOn(await choose({ ...options, runtime: "embedded" }));
  }
}

/** Variables by which a person names a runtime or an engine. */
const choices = ["LLM_SANDBOX_RUNTIME", "DOCKER_HOST", "DOCKER_CONTEXT"] as const;

/** Not there, not for this user, without an image, or not starting. */
const replaced: ReadonlySet<string> = new Set([
  "ENGINE_NOT_FOUND",
  "ENGINE_TIMEOUT",
  "IMAGE_NOT_FOUND",
  "IMAGE_BUILD_FAILED",
  "BOX_START_FAILED",
  "PERMISSION_DENIED",
  "DISK_FULL",
]);
