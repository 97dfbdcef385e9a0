import { checkKnown, invalid } from "../../option-checks.ts";
import { checkTimeout } from "../../session-options.ts";

/** Where the parts of the embedded runtime are, when they are not the npm packages beside this one. */
export interface EmbeddedOptions {
  /** Path of a Deno binary. Default: the one of the npm package `deno`. */
  readonly deno?: string;
  /** Folder of Pyodide. Default: the npm package `pyodide`. */
  readonly pyodide?: string;
  /** Folder for what is made once and kept, such as the memory of a Python that has started. Default: the user's cache folder. */
  readonly cache?: string;
  /** How long a process may take to get ready, in milliseconds. Default 120,000. */
  readonly timeoutMs?: number;
}

const paths = ["deno", "pyodide", "cache"] as const satisfies readonly (keyof EmbeddedOptions)[];

/** Returns the options as they are, or throws INVALID_OPTION. */
export function checkEmbeddedOptions(options: EmbeddedOptions): EmbeddedOptions {
  checkKnown("embedded", options, [...paths, "timeoutMs"]);
  if (options.timeoutMs !== undefined) checkTimeout(options.timeoutMs);
  for (const name of paths) {
    const value = options[name];
    if (value !== undefined && (typeof value !== "string" || value === "" || value.includes("\0"))) {
      throw invalid(`embedded({ ${name} }) is not a path.`, "Pass a non-empty string.");
    }
  }
  return options;
}
