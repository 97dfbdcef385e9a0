import { drawBoxIds, type BoxIds } from "../../shared/box-ids.ts";
import { readText, thisUser } from "./cgroup-machine.ts";
import { unsupported } from "./cgroup-place.ts";
import { findProgram } from "./find-program.ts";

/** So many ids of a box, from one on, are ids of this machine, from another on; as the OCI writes it. */
export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

/** The ids of this machine that boxes get, each place of a box other ones. */
export interface MachineIds {
  /** The OCI runtime is not root. */
  readonly rootless: boolean;
  readonly places: number;
  /** How many processes a box can have, so that each of its runs gets a tag of its own. */
  readonly mostProcesses: number;
  users(place: number): readonly IdMapping[];
  groups(place: number): readonly IdMapping[];
  /** Ids inside of a box. */
  draw(): BoxIds;
}

/** Above the ids that systemd gives to containers, below those that are negative as 32 bits. */
const lowestId = 1_879_048_192;
const idsOfBox = 65_536;

const ofRoot: MachineIds = {
  rootless: false,
  places: 4_095,
  mostProcesses: Number.POSITIVE_INFINITY,
  users: (place) => [{ containerID: 0, hostID: lowestId + place * idsOfBox, size: idsOfBox }],
  groups: (place) => [{ containerID: 0, hostID: lowestId + place * idsOfBox, size: idsOfBox }],
  draw: () => drawBoxIds(true),
};

/** Beside the box's root, who is the user: of the usual 65,536 subordinate ids 64 boxes can have so many. */
const subordinateOfBox = 1_023;
const usualCount = 65_536;
/** They need not be drawn: no other box has the same ids of this machine. */
const insideBox = { uid: 100, tags: { first: 200, count: 824 } } as const;

/** What an unprivileged user's ids are told by; given by the caller so that it can be tried on any machine. */
export interface Subordinates {
  readonly user: { readonly id: number; readonly group: number; readonly name: string };
  /** Contents of /etc/subuid and /etc/subgid. */
  readonly users: string;
  readonly groups: string;
  /** Programs that are there of `newuidmap` and `newgidmap`. */
  readonly hasProgram: (name: string) => boolean;
}

/** The ids for boxes of this program's user. Throws UNSUPPORTED, with what to do, when it has none. */
export function machineIds(): MachineIds {
  if (process.getuid?.() === 0) return ofRoot;
  return subordinateIds({
    user: { ...thisUser(), group: process.getgid?.() ?? 0 },
    users: readText("/etc/subuid") ?? "",
    groups: readText("/etc/subgid") ?? "",
    hasProgram: (name) => findProgram(name) !== null,
  });
}

/** A part for each box of the ids that an unprivileged user was given; root of the box is the user. */
export function subordinateIds({ user, users, groups, hasProgram }: Subordinates): MachineIds {
  const absent = ["newuidmap", "newgidmap"].filter((name) => !hasProgram(name));
  if (absent.length > 0) {
    throw unsupported(
      `Without root a box gets its users by ${absent.join(" and ")}, which this machine does not have.`,
      "Run `apt-get install uidmap` as root.",
    );
  }
  const firstUser = largest(users, user);
  const firstGroup = largest(groups, user);
  const places = Math.floor(Math.min(firstUser.count, firstGroup.count) / subordinateOfBox);
  if (places < 1) {
    const few = [firstUser, firstGroup].map(({ count }) => count < subordinateOfBox);
    const file = few[0] ? "/etc/subuid" : "/etc/subgid";
    const free = freeRange(users, groups);
    const options = ["--add-subuids", "--add-subgids"].filter((_, index) => few[index]);
    throw unsupported(
      `The user ${user.name} has no ${subordinateOfBox} ids in ${file} for the users of a box.`,
      `Run \`usermod ${options.map((option) => `${option} ${free}`).join(" ")} ${user.name}\` as root.`,
    );
  }
  const mappings = (own: number, { first }: { readonly first: number }, place: number) => [
    { containerID: 0, hostID: own, size: 1 },
    { containerID: 1, hostID: first + place * subordinateOfBox, size: subordinateOfBox },
  ];
  return {
    rootless: true,
    places,
    mostProcesses: insideBox.tags.count - 100,
    users: (place) => mappings(user.id, firstUser, place),
    groups: (place) => mappings(user.group, firstGroup, place),
    draw: () => ({ ...insideBox, release() {} }),
  };
}

/** As many as `useradd` gives, from where it begins, that neither file gives to anybody: `100000-165535`. */
function freeRange(...files: readonly string[]): string {
  const taken = files.flatMap(ranges).sort((one, other) => one.first - other.first);
  let start = 100_000;
  for (const { first, count } of taken) {
    if (first < start + usualCount && first + count > start) start = first + count;
  }
  return `${start}-${start + usualCount - 1}`;
}

interface Range {
  readonly who: string;
  readonly first: number;
  readonly count: number;
}

function ranges(text: string): Range[] {
  return text.split("\n").flatMap((line) => {
    const [who = "", first = "", count = ""] = line.trim().split(":");
    if (!/^\d+$/.test(first) || !/^\d+$/.test(count)) return [];
    return [{ who, first: Number(first), count: Number(count) }];
  });
}

/** The largest range of a user, by name or number. */
function largest(
  text: string,
  { id, name }: { readonly id: number; readonly name: string },
): Pick<Range, "first" | "count"> {
  let found = { first: 0, count: 0 };
  for (const { who, ...range } of ranges(text)) {
    if (who !== name && who !== String(id)) continue;
    // Neither root nor the user himself is to be anybody in a box but its root.
    const foreign = range.first > 0 && (id < range.first || id >= range.first + range.count);
    if (foreign && range.count > found.count) found = range;
  }
  return found;
}
