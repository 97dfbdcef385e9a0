import { SandboxError } from "../../../errors.ts";
import type { Engine, Unlimited } from "../../engine/engine.ts";
import type { CreateBody } from "./create-body.ts";

/** What a container's description says of a limit. */
const fields: Readonly<Record<Unlimited, readonly string[]>> = {
  memory: ["Memory", "MemorySwap"],
  processes: ["PidsLimit"],
  processors: ["NanoCpus"],
};

/**
 * Throws UNSUPPORTED for an engine that would drop limits of a box without a word, unless its user accepts that. Then
 * it returns the sentence to tell the user, or undefined when nothing is missing.
 */
export function missingLimits(
  { unlimited, kind, version, rootless, client }: Engine,
  when: "refuse" | "accept" = "refuse",
): string | undefined {
  if (unlimited.length === 0) return undefined;
  const what = new Intl.ListFormat("en").format(unlimited);
  const engine = `${kind} ${version} at ${client.address}`;
  if (when === "accept") return `Boxes have no limit of ${what}: ${engine} has no cgroups for it.`;
  throw new SandboxError(
    "UNSUPPORTED",
    `${engine} cannot limit ${what} of a box: it has no cgroups for it.`,
    {
      remedy:
        (rootless
          ? "Give your user cgroups of version 2 (`Delegate=cpu memory pids` for user@.service), or use an engine of root. "
          : "Switch these cgroups on in the engine's kernel. ") +
        "For code that you trust: docker({ missingLimits: 'accept' }).",
      details: { unlimited },
    },
  );
}

/** The description without the limits that the engine does not have; some refuse what others drop. */
export function withoutMissingLimits(body: CreateBody, unlimited: readonly Unlimited[]): CreateBody {
  if (unlimited.length === 0) return body;
  const HostConfig = { ...body.HostConfig } as { [field: string]: unknown };
  for (const field of unlimited.flatMap((one) => fields[one])) delete HostConfig[field];
  return { ...body, HostConfig: HostConfig as CreateBody["HostConfig"] };
}
