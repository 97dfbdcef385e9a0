import type { ChildProcess } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SandboxError } from "../../../errors.ts";
import type { BoxSpec } from "../../../runtime.ts";
import { isGvisor } from "../../shared/gvisor.ts";
import { orAborted } from "../../shared/or-aborted.ts";
import { thisOwner } from "../../shared/owner.ts";
import { processLimit } from "../../shared/process-limit.ts";
import { enforcedLimits, type Cgroups } from "../host/cgroups.ts";
import { crunNeeds } from "../host/crun.ts";
import { folderError } from "../host/folders.ts";
import type { MachineIds } from "../host/machine-ids.ts";
import type { BoxRoot } from "../root/box-root.ts";
import { annotationsOf } from "./annotations.ts";
import { boxesFolder, takePlace } from "./box-place.ts";
import { boxConfig } from "./config.ts";
import { startError } from "./start-error.ts";
import { startSupervisor } from "./start-supervisor.ts";
import { SupervisedBox } from "./supervised-box.ts";

export interface LaunchInput {
  readonly spec: BoxSpec;
  readonly root: BoxRoot;
  readonly mode: "split-uid" | "same-uid";
  /** The OCI runtime's program. */
  readonly ociRuntime: string;
  /** The folder on this machine that has the agent. */
  readonly agent: string;
  readonly cgroups: Cgroups;
  readonly machineIds: MachineIds;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Starts one box and makes sure that its limits are in force. When that fails, takes too long or is aborted, nothing of
 * it is left.
 */
export async function launchBox(input: LaunchInput): Promise<SupervisedBox> {
  const { signal, timeoutMs } = input;
  signal?.throwIfAborted();
  const { box, cgroup, limits } = await begin(input);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void box.destroy();
  }, timeoutMs);
  try {
    const report = await orAborted(box.started, signal);
    if (late) throw tooLate(input);
    if (!report.started) throw startError(report.why, box.diagnostics(), input.ociRuntime);
    const missing = input.cgroups.missing(cgroup, limits);
    // A box that has ended already has no limits, and says so by itself.
    if (missing !== null && (await stillThere(box))) throw unlimited(missing, input.ociRuntime);
    return box;
  } catch (error) {
    await box.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function begin(
  input: LaunchInput,
): Promise<{ box: SupervisedBox; cgroup: string; limits: ReturnType<typeof enforcedLimits> }> {
  const { spec, root, mode, ociRuntime, cgroups, machineIds } = input;
  const needs = crunNeeds(ociRuntime, cgroups, machineIds.rootless);
  const boxes = await boxesFolder();
  // Nothing in between waits: a program that is killed here leaves no folder without its owner's name.
  const place = takePlace(boxes, machineIds.places);
  const ids = machineIds.draw();
  const name = `llm-sandbox-${spec.sessionId}-${place.number}`;
  const cgroup = cgroups.path(name);
  const limits = enforcedLimits(spec.limits, processLimit(spec.limits.processes, isGvisor(ociRuntime)));
  const config = boxConfig({
    spec,
    mode,
    uid: ids.uid,
    root: root.folder,
    volumes: root.volumes,
    agent: input.agent,
    template: root.template,
    users: machineIds.users(place.number),
    groups: machineIds.groups(place.number),
    cgroup,
    limits,
    limitsSwap: cgroups.limitsSwap,
    readonlyPaths: needs.readonly,
    annotations: annotationsOf(thisOwner(), spec.sessionId),
  });
  const path = join(place.folder, "config.json");
  const folders = cgroups.folders(cgroup);
  let supervisor: ChildProcess;
  try {
    writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
    supervisor = startSupervisor({
      name,
      agent: join(input.agent, "agent"),
      folder: place.folder,
      hidden: needs.hidden,
      cgroups: folders,
      scopes: cgroups.scopes,
      command: [ociRuntime, ...startArguments(place.folder, name, isGvisor(ociRuntime))],
    });
  } catch (error) {
    rmSync(place.folder, { recursive: true, force: true });
    ids.release();
    throw folderError(path, error);
  }
  const box = new SupervisedBox({
    id: name,
    supervisor,
    folder: place.folder,
    cgroups: folders,
    identity: {
      uid: ids.uid,
      gid: ids.uid,
      tags: mode === "split-uid" ? ids.tags : null,
      env: root.env,
      image: root.id,
    },
  });
  void box.gone.then(() => ids.release());
  return { box, cgroup, limits };
}

/** State and bundle are in the box's own folder, so that removing that removes all. */
function startArguments(folder: string, name: string, gvisor: boolean): string[] {
  const state = ["--root", join(folder, "state")];
  // No network stack; nothing kept beside a root that all boxes share.
  const own = gvisor ? ["--network=none", "--overlay2=none", "--platform=systrap"] : [];
  return [...state, ...own, "run", "--detach", "--bundle", folder, "--pid-file", join(folder, "pid"), name];
}

async function stillThere(box: SupervisedBox): Promise<boolean> {
  return Promise.race([
    box.gone.then(() => false),
    new Promise<true>((resolve) => setTimeout(resolve, 100, true)),
  ]);
}

function tooLate({ ociRuntime, timeoutMs }: LaunchInput): SandboxError {
  return new SandboxError("ENGINE_TIMEOUT", `${ociRuntime} did not start a box in ${timeoutMs} ms.`, {
    remedy: "Is the machine overloaded? Pass another oci({ ociRuntime }) or a larger timeoutMs.",
  });
}

function unlimited(missing: string, ociRuntime: string): SandboxError {
  return new SandboxError("UNSUPPORTED", `${ociRuntime} did not limit a box: ${missing}.`, {
    remedy: "Pass another oci({ ociRuntime }), or use docker().",
  });
}
