import { randomBytes } from "node:crypto";
import type { Logger } from "../../../logger.ts";
import type { BoxSpec } from "../../../runtime.ts";
import type { Engine } from "../../engine/engine.ts";
import type { ResolvedImage } from "../../engine/image/resolved-image.ts";
import { label, namePrefix, ownedLabels } from "../../engine/labels.ts";
import { orAborted } from "../../shared/or-aborted.ts";
import { thisOwner } from "../../shared/owner.ts";
import { withinTime } from "../../shared/within-time.ts";
import { AttachedStream } from "./attached-stream.ts";
import type { BoxIds } from "../../shared/box-ids.ts";
import { createBody } from "./create-body.ts";
import { DockerBox } from "./docker-box.ts";
import { forPodman } from "./podman-differences.ts";
import { withoutMissingLimits } from "./missing-limits.ts";
import { removeContainer } from "./remove-container.ts";
import { startError } from "./start-error.ts";

export interface LaunchInput {
  readonly engine: Engine;
  readonly spec: BoxSpec;
  readonly image: ResolvedImage;
  readonly agentVolume: string;
  readonly ids: BoxIds;
  readonly mode: "split-uid" | "same-uid";
  readonly ociRuntime: string | undefined;
  readonly platform: string | undefined;
  /** For Podman: our seccomp profile as a file that the engine sees. */
  readonly seccompPath: string | null;
  readonly signal: AbortSignal | undefined;
  readonly logger: Logger;
}

/** Beyond the box's own life: for starting, and for clocks that differ. */
const graceMs = 10 * 60_000;
/** How long a failed launch may hold its caller up with tidying; the engine's reaper does the rest. */
const tidyMs = 10_000;

/**
 * Creates, attaches to and starts one container. When that fails or is aborted, nothing of it is left on the engine:
 * its name is chosen here, so even a creation whose answer never came is found and removed.
 */
export async function launchBox(input: LaunchInput): Promise<DockerBox> {
  const { engine, spec, signal, ids } = input;
  const { client } = engine;
  const name = `${namePrefix}${spec.sessionId}-${randomBytes(6).toString("hex")}`;
  const steps: Promise<unknown>[] = [];
  let box: DockerBox | null = null;
  try {
    const created = client.json<{ Id: string; Warnings?: readonly string[] | null }>(
      {
        method: "POST",
        path: "/containers/create",
        query: { name, ...(input.platform === undefined ? {} : { platform: input.platform }) },
        body: bodyFor(input),
      },
      { what: "create a box" },
    );
    steps.push(created);
    const { Id, Warnings } = await orAborted(created, signal);
    for (const warning of Warnings ?? []) input.logger.warn(`The engine says of the box: ${warning}`);
    const socket = await client.hijack(
      {
        method: "POST",
        path: `/containers/${Id}/attach`,
        query: { stream: 1, stdin: 1, stdout: 1, stderr: 1 },
      },
      { what: "attach to a box", signal },
    );
    box = new DockerBox(engine, Id, new AttachedStream(socket), identityOf(input));
    void box.gone.then(() => ids.release());
    const started = client.json({ method: "POST", path: `/containers/${Id}/start` }, { what: "start a box" });
    steps.push(started);
    await orAborted(started, signal);
    return box;
  } catch (error) {
    const diagnostics = box?.diagnostics() ?? "";
    box?.stream.destroy();
    await withinTime(tidyMs, tidy(input, name, steps));
    ids.release();
    if (signal?.aborted) throw signal.reason;
    throw startError(error, { engine, ociRuntime: input.ociRuntime, diagnostics });
  }
}

/** The engine may still be busy with a step that was given up: removing waits for that. */
async function tidy(input: LaunchInput, name: string, steps: Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(steps);
  await removeContainer(input.engine.client, name);
}

function bodyFor(input: LaunchInput): unknown {
  const { engine, spec, ids, mode } = input;
  const whole = createBody({
    ...input,
    labels: ownedLabels("box", thisOwner(), spec.limits.lifetimeMs + graceMs, {
      [label.session]: spec.sessionId,
      [label.uid]: String(ids.uid),
    }),
  });
  const body = withoutMissingLimits(whole, engine.unlimited);
  return engine.kind === "podman" ? forPodman(body, { mode, seccompPath: input.seccompPath }) : body;
}

function identityOf({ ids, mode, image }: LaunchInput): DockerBox["identity"] {
  return {
    uid: ids.uid,
    gid: ids.uid,
    tags: mode === "split-uid" ? ids.tags : null,
    env: image.env,
    image: image.id,
  };
}
