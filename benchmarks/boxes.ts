import { SandboxSession } from "@llm-sandbox/core";
import type { Box, Runtime, SandboxSessionOptions } from "@llm-sandbox/core";

/** Opens sessions and knows their boxes, which a session keeps to itself. */
export class Boxes {
  readonly runtime: Runtime;
  readonly #launched: Box[] = [];

  constructor(runtime: Runtime) {
    this.runtime = {
      name: runtime.name,
      features: runtime.features,
      launch: async (spec, options) => {
        const box = await runtime.launch(spec, options);
        this.#launched.push(box);
        return box;
      },
    };
  }

  /** The box of the session that was opened last. */
  get last(): Box {
    return this.#launched.at(-1)!;
  }

  open(options: SandboxSessionOptions = {}): Promise<SandboxSession> {
    return SandboxSession.open({ ...options, runtime: this.runtime });
  }
}
