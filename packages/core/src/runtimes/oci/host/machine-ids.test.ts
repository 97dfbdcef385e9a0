import { describe, expect, it } from "vitest";
import { subordinateIds, type Subordinates } from "./machine-ids.ts";

const machine: Subordinates = {
  user: { id: 1000, group: 100, name: "me" },
  users: "other:100000:65536\nme:165536:65536\nme:10:20\n",
  groups: "1000:300000:65536\n",
  hasProgram: () => true,
};

describe("the ids of a user's boxes", () => {
  it("are the user as the box's root and a part of the subordinate ids that no other box has", () => {
    const ids = subordinateIds(machine);
    expect(ids.users(0)).toEqual([
      { containerID: 0, hostID: 1000, size: 1 },
      { containerID: 1, hostID: 165_536, size: 1_023 },
    ]);
    expect(ids.groups(0)[0]).toEqual({ containerID: 0, hostID: 100, size: 1 });
    const taken = new Set<number>();
    for (let place = 0; place < ids.places; place += 1) {
      const { hostID, size } = ids.users(place)[1]!;
      for (let id = hostID; id < hostID + size; id += 1) {
        expect(taken.has(id) || id < 165_536 || id >= 165_536 + 65_536).toBe(false);
        taken.add(id);
      }
    }
    expect(ids.places).toBe(64);
  });

  it("inside of a box are all mapped, and the code is neither root nor in a tag", () => {
    const { draw, users, mostProcesses } = subordinateIds(machine);
    const { uid, tags } = draw();
    const { containerID, size } = users(0)[1]!;
    expect(uid).toBeGreaterThanOrEqual(containerID);
    expect(tags.first + tags.count).toBeLessThanOrEqual(containerID + size);
    expect(uid < tags.first || uid >= tags.first + tags.count).toBe(true);
    expect(mostProcesses).toBeLessThan(tags.count);
  });

  it.each([
    ["no newuidmap", { hasProgram: (name: string) => name !== "newuidmap" }, /apt-get install uidmap/],
    ["no newgidmap", { hasProgram: (name: string) => name !== "newgidmap" }, /apt-get install uidmap/],
    ["no subordinate users", { users: "other:100000:65536\n" }, /usermod --add-subuids/],
    ["no subordinate groups", { groups: "" }, /subgid.*usermod/s],
    ["too few of them", { users: "me:100000:1000\n" }, /usermod/],
    ["lines that are none", { users: "me:x:65536\nme:100000\nme\n" }, /usermod/],
    ["the user himself among them", { users: "me:500:65536\n" }, /usermod/],
    ["root among them", { users: "me:0:65536\n" }, /usermod/],
  ])("are refused with %s, with what to do", (_, less, remedy) => {
    expect(() => subordinateIds({ ...machine, ...less })).toThrow(remedy);
  });

  it.each([
    ["nobody has ids", "", "", "100000-165535"],
    ["others have the usual ones", "other:100000:65536\n", "other:165536:65536\n", "231072-296607"],
    ["there is a gap that is too small", "a:165537:10\nb:90000:20000\n", "c:110000:10\n", "165547-231082"],
    ["there is one that will do", "a:165536:65536\n", "a:10000:90000\n", "100000-165535"],
  ])("are to be given from a range that is free when %s", (_, users, groups, free) => {
    expect(() => subordinateIds({ ...machine, users, groups })).toThrow(
      `usermod --add-subuids ${free} --add-subgids ${free} me\``,
    );
  });

  it("are to be given only of the kind that is missing", () => {
    const groups = "other:100000:65536\n";
    expect(() => subordinateIds({ ...machine, groups })).toThrow(/usermod --add-subgids 231072-296607 me/);
  });
});
