import { auto, SandboxError } from "@llm-sandbox/core";
import type { AutoOptions, Runtime } from "@llm-sandbox/core";

/**
 * The runtime of the guided run. Where an engine is there and cannot be used, `auto` refuses a weaker runtime; the programs
 * of the guided run are our own, so it shows them on the embedded one, and says why.
 */
export async function tourRuntime(
  options: AutoOptions,
  say: (message: string) => void,
  choose: (options: AutoOptions) => Promise<Runtime> = auto,
): Promise<Runtime> {
  try {
    return await choose(options);
  } catch (error) {
    const chosen = options.runtime !== undefined || (process.env.LLM_SANDBOX_RUNTIME ?? "") !== "";
    if (chosen || !SandboxError.is(error, "ENGINE_NOT_FOUND") || error.details["chosen"] === true)
      throw error;
    say(error.message);
    say("The programs of this guided run are harmless: they are shown without an engine.\n");
    return choose({ ...options, runtime: "embedded" });
  }
}
