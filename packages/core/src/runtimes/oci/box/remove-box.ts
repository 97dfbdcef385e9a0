import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const patienceMs = 5_000;

/**
 * Does the work of a supervisor that has been killed: kills what is left in the box's cgroups, removes them and the
 * box's folder. Throws when the kernel does not let go of one.
 */
export async function removeBox(folder: string, cgroups: readonly string[]): Promise<void> {
  for (const started = Date.now(); ;) {
    const left = cgroups.filter((cgroup) => !isRemoved(cgroup));
    if (left.length === 0) break;
    if (Date.now() - started > patienceMs) throw new Error(`${left.join(", ")} cannot be removed`);
    left.forEach(killAll);
    await sleep(10);
  }
  unmountAll(folder);
  await rm(folder, { recursive: true, force: true });
}

/** An OCI runtime that is killed in the right moment leaves itself mounted in its state folder. */
function unmountAll(folder: string): void {
  for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n")) {
    const path = line.split(" ")[4];
    if (path?.startsWith(`${folder}/`)) attempt(() => execFileSync("umount", ["--lazy", path]));
  }
}

function isRemoved(cgroup: string): boolean {
  try {
    rmdirSync(cgroup);
    return true;
  } catch (error) {
    return ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
  }
}

/** Kills every process of a cgroup and of those in it, also frozen ones. */
export function killAll(cgroup: string): void {
  // A frozen process does not die.
  attempt(() => writeFileSync(join(cgroup, "freezer.state"), "THAWED", { flag: "r+" }));
  attempt(() => writeFileSync(join(cgroup, "cgroup.freeze"), "0", { flag: "r+" }));
  attempt(() => {
    for (const inner of readdirSync(cgroup, { withFileTypes: true })) {
      if (!inner.isDirectory()) continue;
      killAll(join(cgroup, inner.name));
      isRemoved(join(cgroup, inner.name));
    }
  });
  attempt(() => {
    for (const pid of readFileSync(join(cgroup, "cgroup.procs"), "utf8").split("\n")) {
      if (pid !== "" && pid !== "0") attempt(() => process.kill(Number(pid), "SIGKILL"));
    }
  });
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // It is gone already, or not of this kind.
  }
}
