import { auto } from "@llm-sandbox/core";
import type { Limits, SandboxSessionOptions } from "@llm-sandbox/core";
import type { BoxOptions } from "./command.ts";

/** The session's options for what the command line says of the box. */
export async function boxOptions(
  command: BoxOptions,
  limits: Partial<Limits> = {},
): Promise<SandboxSessionOptions> {
  const { runtime, memoryBytes, network, image, verbose } = command;
  return {
    network,
    verbose,
    ...(runtime === undefined ? {} : { runtime: await auto({ runtime }) }),
    ...(image === undefined ? {} : { image }),
    limits: { ...limits, ...(memoryBytes === undefined ? {} : { memoryBytes }) },
  };
}
