import { spawn, type ChildProcess } from "node:child_process";
import { symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Scopes } from "../host/cgroup-place.ts";

export interface SupervisorStart {
  /** The box's. */
  readonly name: string;
  /** The agent's program on this machine. */
  readonly agent: string;
  /** The box's folder. */
  readonly folder: string;
  /** A mount point that the OCI runtime must not see, or null. */
  readonly hidden: string | null;
  readonly cgroups: readonly string[];
  /** The supervisor gets one around the box's cgroup; null when it needs none. */
  readonly scopes: Scopes | null;
  /** What has the OCI runtime start the box. */
  readonly command: readonly string[];
}

/** By this name the agent's program is a supervisor. */
const supervisorName = "llm-sandbox-supervisor";
const environment = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };

/** Starts the process that starts the box and stays beside it, with pipes as its descriptors 0 to 3. */
export function startSupervisor(start: SupervisorStart): ChildProcess {
  const { agent, folder, hidden, cgroups, scopes, command } = start;
  const scope = scopes === null ? "" : dirname(cgroups[0]!);
  const args = [folder, hidden ?? "", scope, String(cgroups.length), ...cgroups, ...command];
  if (scopes === null) return launch(agent, args, supervisorName, environment);
  // systemd-run gives a program its path as its name.
  const named = join(folder, supervisorName);
  symlinkSync(agent, named);
  const unit = ["--unit", `${start.name}.scope`, "--slice", "app.slice", "--property", "Delegate=yes"];
  return launch(
    scopes.systemdRun,
    ["--user", "--scope", "--collect", "--quiet", ...unit, "--", named, ...args],
    scopes.systemdRun,
    { ...environment, XDG_RUNTIME_DIR: scopes.runtimeFolder },
  );
}

function launch(
  program: string,
  args: readonly string[],
  argv0: string,
  env: Readonly<Record<string, string>>,
): ChildProcess {
  return spawn(program, args, {
    argv0,
    cwd: "/",
    // A session of its own: what a terminal tells this program's group is not for the box.
    detached: true,
    env,
    stdio: ["pipe", "pipe", "pipe", "pipe"],
  });
}
