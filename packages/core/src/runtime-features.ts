import { SandboxError } from "./errors.ts";
import type { BoxSpec, Runtime } from "./runtime.ts";

/** Throws `UNSUPPORTED` when the runtime lacks what is asked of it: nothing is ever done more weakly instead. */
export function checkFeatures(
  runtime: Runtime,
  asked: {
    readonly image: BoxSpec["image"]["kind"];
    readonly network: BoxSpec["network"];
    readonly template: boolean;
  },
): void {
  const refuse = (what: string): never => {
    throw new SandboxError("UNSUPPORTED", `The runtime ${runtime.name} cannot ${what}.`, {
      remedy: "Leave the option out, or use another runtime.",
    });
  };
  const { features } = runtime;
  if (!features.images.includes(asked.image)) refuse(`use an image given as ${asked.image}`);
  if (!features.networks.includes(asked.network)) refuse(`give a box the network "${asked.network}"`);
  if (asked.template && !features.templates) refuse("keep templates");
}
