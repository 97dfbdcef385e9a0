import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SandboxError } from "../../../errors.ts";
import { hierarchies, isWritable, readText, type CgroupMachine, type Hierarchy } from "./cgroup-machine.ts";
import { findProgram } from "./find-program.ts";

/** Where cgroups of boxes can be made. */
export interface CgroupPlace {
  readonly hierarchies: readonly Hierarchy[];
  /** The cgroup that they are made in, from each hierarchy's root on. */
  readonly parent: string;
  /** What starts a program in a cgroup of its own in `parent`, that of a scope; null when boxes need none. */
  readonly scopes: Scopes | null;
}

/** The scopes of a user's own manager of systemd. */
export interface Scopes {
  readonly systemdRun: string;
  /** `XDG_RUNTIME_DIR` of that manager. */
  readonly runtimeFolder: string;
}

/** Controllers that a box's limits need. */
export const needed = ["memory", "pids", "cpu"] as const;

/**
 * The first that there is: every hierarchy's root, for root; the cgroup that was delegated to this program; a scope of
 * the user's own manager of systemd. Throws UNSUPPORTED, with what to do, when there is none.
 */
export function findPlace(machine: CgroupMachine): CgroupPlace & { readonly version: 1 | 2 } {
  const all = hierarchies(machine);
  const unified = all.find(({ type }) => type === "cgroup2");
  if (needed.every((name) => all.some(({ controllers }) => controllers.includes(name)))) {
    return { version: 1, hierarchies: all, scopes: null, parent: oldParent(all, machine) };
  }
  if (!unified) {
    throw unsupported(
      "This machine has no cgroups for memory, processes and processor time.",
      "Mount cgroup2 at /sys/fs/cgroup, or use docker().",
    );
  }
  return { version: 2, hierarchies: [unified], ...unifiedPlace(unified, machine) };
}

function oldParent(all: readonly Hierarchy[], { root, user }: CgroupMachine): string {
  const wanted = all.filter(({ controllers }) => needed.some((name) => controllers.includes(name)));
  const closed = wanted.filter(({ folder }) => !isWritable(folder));
  if (root && closed.length === 0) return "/";
  const own = wanted[0]?.own ?? "/";
  // An OCI runtime makes a box's cgroup in each hierarchy, by the same path.
  if (own !== "/" && all.every((one) => one.own === own && isWritable(join(one.folder, own)))) return own;
  if (root) throw closedTo(closed.map(({ folder }) => folder).join(", "));
  throw unsupported(
    `The user ${user.name} can make no cgroups here, so a box's limits could not be enforced.`,
    "Run as root; or make, as root, a cgroup of one name in every hierarchy below /sys/fs/cgroup, give it to this user " +
      "and start the program in it (docs/oci.md, Without root); or use docker().",
  );
}

function unifiedPlace(unified: Hierarchy, machine: CgroupMachine): Pick<CgroupPlace, "parent" | "scopes"> {
  const { folder } = unified;
  if (machine.root && isWritable(folder)) {
    const absent = absentIn(folder);
    if (absent.length === 0) return { parent: "/", scopes: null };
    throw unsupported(
      `The cgroup controllers ${absent.join(", ")} are not available in ${folder}.`,
      "Enable them in cgroup.subtree_control of the cgroup above, or use docker().",
    );
  }
  const parent = delegatedParent(unified);
  if (parent !== null) return { parent, scopes: null };
  if (machine.root) throw closedTo(folder);
  return ofUserManager(folder, machine);
}

/**
 * The nearest cgroup around this program's own that is this user's to divide, or null. What has processes cannot be
 * divided, so it is never the program's own, and it is looked for within the program's unit only: further up systemd
 * itself divides, and would take limits away again.
 */
function delegatedParent({ folder, own }: Hierarchy): string | null {
  if (own === null) return null;
  for (let path = own; path !== "/" && !isUnit(path);) {
    path = dirname(path);
    if (path.endsWith(".slice")) return null;
    const whole = join(folder, path);
    const files = ["", "cgroup.procs", "cgroup.subtree_control"].map((name) => join(whole, name));
    const empty = readText(join(whole, "cgroup.procs"))?.trim() === "";
    if (!files.every(isWritable) || !empty || absentIn(whole).length > 0) continue;
    if (divide(whole)) return path;
  }
  return null;
}

function isUnit(path: string): boolean {
  return /\.(service|scope|slice)$/.test(path);
}

/** Has the controllers of a cgroup divided among those in it. */
function divide(folder: string): boolean {
  const file = join(folder, "cgroup.subtree_control");
  const lacks = () => needed.filter((name) => !words(readText(file)).includes(name));
  try {
    if (lacks().length > 0)
      writeFileSync(
        file,
        lacks()
          .map((name) => `+${name}`)
          .join(" "),
        { flag: "r+" },
      );
    return lacks().length === 0;
  } catch {
    return false;
  }
}

function ofUserManager(
  folder: string,
  { user, userManager }: CgroupMachine,
): Pick<CgroupPlace, "parent" | "scopes"> {
  const refused = `The user ${user.name} can make no cgroups here, so a box's limits could not be enforced: `;
  const service = `/user.slice/user-${user.id}.slice/user@${user.id}.service`;
  const systemdRun = findProgram("systemd-run");
  const has = readText(join(folder, service, "cgroup.controllers"));
  if (userManager === null || systemdRun === null || has === null) {
    throw unsupported(
      `${refused}there is no systemd that does it for this user.`,
      `Run \`loginctl enable-linger ${user.name}\` as root; or start the program as a service of systemd's with ` +
        "`Delegate=yes` and `DelegateSubgroup=main`; or use docker().",
    );
  }
  const absent = absentIn(join(folder, service));
  if (absent.length > 0) {
    throw unsupported(
      `${refused}systemd does not pass on the cgroup controllers ${absent.join(", ")}.`,
      "As root, write `[Service]` and `Delegate=cpu memory pids` into /etc/systemd/system/user@.service.d/delegate.conf, " +
        `run \`systemctl daemon-reload\` and \`systemctl restart user@${user.id}\` (which ends what runs there).`,
    );
  }
  return {
    parent: `${service}/app.slice`,
    scopes: { systemdRun, runtimeFolder: userManager },
  };
}

function absentIn(folder: string): string[] {
  const has = words(readText(join(folder, "cgroup.controllers")));
  return needed.filter((name) => !has.includes(name));
}

function words(text: string | null): string[] {
  return text?.trim().split(/\s+/) ?? [];
}

function closedTo(folders: string): SandboxError {
  return unsupported(
    `No cgroup can be made in ${folders}, so a box's limits could not be enforced.`,
    "Mount it writable (in a container: run it privileged), or use docker().",
  );
}

export function unsupported(message: string, remedy: string): SandboxError {
  return new SandboxError("UNSUPPORTED", message, { remedy });
}
