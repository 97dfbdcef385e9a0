import type { Runtime } from "../../runtime.ts";
import { checkEmbeddedOptions } from "./embedded-options.ts";
import type { EmbeddedOptions } from "./embedded-options.ts";
import { EmbeddedRuntime } from "./embedded-runtime.ts";

export type { EmbeddedOptions } from "./embedded-options.ts";

/**
 * Boxes without an engine, root or network: every process is a Deno without permissions, Python is Pyodide in it, files
 * are in this program's memory. docs/embedded.md says what that protects against. Throws INVALID_OPTION here, and
 * ENGINE_NOT_FOUND or LANGUAGE_UNAVAILABLE at the first use when a part is not installed.
 */
export function embedded(options: EmbeddedOptions = {}): Runtime {
  return new EmbeddedRuntime(checkEmbeddedOptions(options));
}
