import { chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeBox } from "../box/remove-box.ts";
import { cgroupMachine, hierarchies } from "../host/cgroup-machine.ts";
import { needed } from "../host/cgroup-place.ts";

/** In version 2 only what has no processes itself can be divided, so a program is in a cgroup beside the boxes'. */
const ofProgram = "main";

/** Cgroups of one name in every hierarchy of this machine, given to a user as an administrator does. */
export class DelegatedCgroups {
  readonly #folders: readonly string[];
  readonly #unified: boolean;

  constructor(name: string) {
    const all = hierarchies(cgroupMachine());
    this.#folders = all.map(({ folder }) => join(folder, name));
    this.#unified = all.every(({ type }) => type === "cgroup2");
  }

  make(user: number): void {
    for (const folder of this.#folders) {
      mkdirSync(folder);
      const above = join(folder, "..");
      if (this.#unified) {
        writeFileSync(join(above, "cgroup.subtree_control"), needed.map((name) => `+${name}`).join(" "));
        mkdirSync(join(folder, ofProgram));
      }
      // These do not begin as those above, and nothing can enter before.
      for (const name of readdirSync(folder).filter((one) => /^cpuset\.(cpus|mems)$/.test(one))) {
        if (!this.#unified) writeFileSync(join(folder, name), readFileSync(join(above, name)));
      }
      for (const one of this.#unified ? [folder, join(folder, ofProgram)] : [folder]) {
        chownSync(one, user, user);
        for (const name of readdirSync(one)) {
          if (/^(cgroup\.(procs|threads|subtree_control)|tasks)$/.test(name))
            chownSync(join(one, name), user, user);
        }
      }
    }
  }

  /** Whoever writes a process's number there puts it into the cgroups. */
  get entrances(): readonly string[] {
    return this.#folders.map((folder) => join(folder, this.#unified ? ofProgram : "", "cgroup.procs"));
  }

  /** Cgroups that the user has made. */
  inner(): string[] {
    return this.#folders.flatMap((folder) =>
      readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && entry.name !== ofProgram)
        .map(({ name }) => join(folder, name)),
    );
  }

  /** With everything in them. */
  async remove(): Promise<void> {
    await removeBox("/none", this.#folders);
  }
}
