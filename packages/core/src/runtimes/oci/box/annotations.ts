import type { Owner } from "../../shared/owner.ts";

const prefix = "llm-sandbox.";

/** What is written into a box's configuration so that others can tell whose it is. */
export function annotationsOf(owner: Owner, sessionId: string): Record<string, string> {
  return {
    [`${prefix}session`]: sessionId,
    [`${prefix}owner.host`]: owner.host,
    [`${prefix}owner.pid`]: String(owner.pid),
    [`${prefix}owner.started`]: owner.started,
  };
}

/** A path without a way up, whose last part, or the scope around that, is named as ours are. */
const cgroupPath = /^(?:\/(?!\.{1,2}\/)[^/\0]+)*\/llm-sandbox-[a-z0-9-]+(?:\.scope\/box)?$/;

/** The owner and the cgroup's path that a box's configuration tells, or null when it is not a whole one. */
export function readConfig(text: string): { readonly owner: Owner; readonly cgroup: string } | null {
  let config: { annotations?: Record<string, unknown>; linux?: { cgroupsPath?: unknown } } | null;
  try {
    config = JSON.parse(text) as typeof config;
  } catch {
    return null;
  }
  const told = config?.annotations ?? {};
  const host = told[`${prefix}owner.host`];
  const pid = Number(told[`${prefix}owner.pid`]);
  const started = told[`${prefix}owner.started`];
  const cgroup = cgroupPath.exec(String(config?.linux?.cgroupsPath))?.[0];
  if (typeof host !== "string" || !Number.isSafeInteger(pid) || pid <= 0 || !cgroup) return null;
  return { owner: { host, pid, started: typeof started === "string" ? started : "" }, cgroup };
}
