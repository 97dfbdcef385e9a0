import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { userInfo } from "node:os";

/** What says where cgroups can be made; given by the caller so that it can be tried on any machine. */
export interface CgroupMachine {
  /** `/proc/self/mountinfo`. */
  readonly mountinfo: string;
  /** `/proc/self/cgroup`. */
  readonly own: string;
  readonly root: boolean;
  /** The user's number and name. */
  readonly user: { readonly id: number; readonly name: string };
  /** The folder of the user's own manager of systemd, or null where there is no such manager. */
  readonly userManager: string | null;
}

/** This machine, as this program sees it. */
export function cgroupMachine(): CgroupMachine {
  const user = thisUser();
  const managed = `/run/user/${user.id}`;
  return {
    mountinfo: readFileSync("/proc/self/mountinfo", "utf8"),
    own: readText("/proc/self/cgroup") ?? "",
    root: user.id === 0,
    user,
    userManager: existsSync(`${managed}/systemd/private`) ? managed : null,
  };
}

/** The number and the name of this program's user; the number again where it has no name. */
export function thisUser(): { readonly id: number; readonly name: string } {
  const id = process.getuid?.() ?? 0;
  try {
    return { id, name: userInfo().username };
  } catch {
    return { id, name: String(id) };
  }
}

/** One hierarchy of cgroups. */
export interface Hierarchy {
  readonly folder: string;
  readonly type: "cgroup" | "cgroup2";
  readonly controllers: readonly string[];
  /** The cgroup that this program is in, from the folder on; null when it is not below it. */
  readonly own: string | null;
}

/** The hierarchies that are mounted. */
export function hierarchies({ mountinfo, own }: Pick<CgroupMachine, "mountinfo" | "own">): Hierarchy[] {
  const owned = own
    .split("\n")
    .map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, controllers, path]) => ({ controllers: controllers!.split(","), path: path! }));
  const found: Hierarchy[] = [];
  for (const line of mountinfo.split("\n")) {
    const [before, after] = line.split(" - ");
    const [root, folder] = before?.split(" ").slice(3) ?? [];
    const [type, , options] = after?.split(" ") ?? [];
    if (!root || !folder || (type !== "cgroup" && type !== "cgroup2")) continue;
    const controllers = type === "cgroup" ? (options?.split(",") ?? []) : [];
    // Version 2 has no controllers in its line.
    const mine = owned.find((one) =>
      type === "cgroup2"
        ? one.controllers[0] === ""
        : one.controllers.some((name) => name !== "" && controllers.includes(name)),
    );
    found.push({ folder, type, controllers, own: mine ? below(root, mine.path) : null });
  }
  return found;
}

/** The path as seen from a mount whose own root is a cgroup, or null when it is not in it. */
function below(root: string, path: string): string | null {
  if (root === "/" || path === root) return path === root ? "/" : path;
  return path.startsWith(`${root}/`) ? path.slice(root.length) : null;
}

export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** A folder that is there and this user's. */
export function isOwnFolder(path: string): boolean {
  try {
    const facts = statSync(path);
    return facts.isDirectory() && facts.uid === process.getuid?.();
  } catch {
    return false;
  }
}
