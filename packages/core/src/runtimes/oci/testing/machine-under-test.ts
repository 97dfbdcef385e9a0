import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { readConfig } from "../box/annotations.ts";
import { findCgroups } from "../host/cgroups.ts";
import { findProgram } from "../host/find-program.ts";
import { runFolder } from "../host/folders.ts";
import { machineIds } from "../host/machine-ids.ts";

/** This machine, if it can start boxes; to see what the runtime under test leaves on it. */
export class MachineUnderTest {
  /** Names of the OCI runtimes to test: those in LLM_SANDBOX_TEST_OCI, else runc. */
  readonly ociRuntimes: readonly string[];

  private constructor(ociRuntimes: readonly string[]) {
    this.ociRuntimes = ociRuntimes;
  }

  static async find(): Promise<MachineUnderTest | null> {
    if (process.platform !== "linux") return null;
    const wanted = process.env["LLM_SANDBOX_TEST_OCI"]?.split(",") ?? ["runc"];
    const ociRuntimes = wanted.filter((name) => findProgram(name) !== null);
    try {
      findCgroups();
      machineIds();
    } catch {
      return null;
    }
    return ociRuntimes.length === 0 ? null : new MachineUnderTest(ociRuntimes);
  }

  /** What is there of a program's boxes: folders, cgroups, mounts. */
  async leftovers(pid: number): Promise<string[]> {
    const boxes = join(runFolder(), "boxes");
    const left: string[] = [];
    for (const number of await readdir(boxes).catch(() => [])) {
      const config = readConfig(await readFile(join(boxes, number, "config.json"), "utf8").catch(() => ""));
      if (config?.owner.pid === pid) left.push(config.cgroup);
    }
    return left;
  }

  /** Cgroups and mounts of boxes whose name says that they are of the session. */
  async traces(sessionId: string): Promise<string[]> {
    const mounts = (await readFile("/proc/self/mountinfo", "utf8"))
      .split("\n")
      .filter((line) => line.includes(sessionId));
    const cgroups: string[] = [];
    const { folders, parent } = findCgroups();
    for (const folder of folders(parent).map((path) => path.replace(/\/$/, ""))) {
      const names = await readdir(folder).catch(() => []);
      cgroups.push(
        ...names.filter((name) => name.includes(sessionId)).map((name) => join(basename(folder), name)),
      );
    }
    return [...mounts, ...cgroups];
  }
}
