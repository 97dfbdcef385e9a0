import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../../logger.ts";
import { isAlive } from "../shared/owner.ts";
import { readConfig } from "./box/annotations.ts";
import { killAll, removeBox } from "./box/remove-box.ts";
import type { Cgroups } from "./host/cgroups.ts";

/** A folder without a whole configuration is one that is just being made, unless it is older than this. */
const unfinishedMs = 5_000;
/** In this time a supervisor that was started has said who it is; one that has its box killed has tidied up. */
const supervisorMs = 3_000;

/**
 * Removes the boxes of programs that have ended, with their cgroups, where their supervisors have not: they were killed
 * too, or never started. Boxes of a living program are never touched.
 */
export async function reapAbandoned(boxes: string, cgroups: Cgroups, logger: Logger): Promise<number> {
  const removals = (await readdir(boxes)).map(async (number) => {
    const folder = join(boxes, number);
    try {
      const name = await reap(folder, cgroups);
      if (name === null) return 0;
      logger.info(`Removed an abandoned box: ${name}.`);
      return 1;
    } catch (error) {
      logger.debug(`An abandoned box could not be removed: ${(error as Error).message}`);
      return 0;
    }
  });
  return (await Promise.all(removals)).reduce<number>((all, one) => all + one, 0);
}

/** The cgroup of the box that was removed, or null. */
async function reap(folder: string, cgroups: Cgroups): Promise<string | null> {
  const config = readConfig(await readFile(join(folder, "config.json"), "utf8").catch(() => ""));
  const age = Date.now() - (await stat(folder)).mtimeMs;
  if (config === null) {
    if (age < unfinishedMs) await sleep(unfinishedMs - age, undefined, { ref: false });
    if (readConfig(await readFile(join(folder, "config.json"), "utf8").catch(() => "")) !== null) return null;
    await removeBox(folder, []);
    return folder;
  }
  if (isAlive(config.owner) !== false) return null;
  const paths = cgroups.folders(config.cgroup);
  if (age < supervisorMs) await sleep(supervisorMs - age, undefined, { ref: false });
  let supervisor = await supervisorOf(folder);
  if (supervisor !== null) {
    paths.forEach(killAll);
    await sleep(supervisorMs, undefined, { ref: false });
    supervisor = await supervisorOf(folder);
    if (supervisor !== null) process.kill(supervisor, "SIGKILL");
  }
  // What is gone meanwhile may be another box's already.
  const same = readConfig(await readFile(join(folder, "config.json"), "utf8").catch(() => ""));
  if (same?.cgroup !== config.cgroup) return null;
  await removeBox(folder, paths);
  return config.cgroup;
}

/** The process id of the box's supervisor while it lives. */
async function supervisorOf(folder: string): Promise<number | null> {
  const pid = (await readFile(join(folder, "supervisor"), "utf8").catch(() => "")).trim();
  if (!/^[1-9]\d*$/.test(pid)) return null;
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return command.split("\0")[1] === folder ? Number(pid) : null;
}
