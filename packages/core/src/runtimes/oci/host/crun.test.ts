import { expect, it } from "vitest";
import type { Cgroups } from "./cgroups.ts";
import { crunNeeds } from "./crun.ts";

const both: Cgroups = {
  version: 1,
  limitsSwap: true,
  unifiedBeside: "/sys/fs/cgroup/unified",
  scopes: null,
  parent: "/",
  path: (name) => `/${name}`,
  folders: (path) => [`/sys/fs/cgroup/memory${path}`, `/sys/fs/cgroup/cpu,cpuacct${path}`],
  missing: () => null,
};

it("crun does not see the second version of cgroups, and leaves nothing of the first one writable", () => {
  expect(crunNeeds("/usr/bin/crun", both, false)).toEqual({
    hidden: "/sys/fs/cgroup/unified",
    readonly: ["/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/cpu,cpuacct"],
  });
  expect(crunNeeds("/opt/krun", { ...both, unifiedBeside: null }, false).hidden).toBeNull();
});

it("other runtimes, and machines with version 2 alone, need nothing", () => {
  expect(crunNeeds("/usr/sbin/runc", both, false)).toEqual({ hidden: null, readonly: [] });
  expect(crunNeeds("/usr/bin/crun", { ...both, version: 2 }, true)).toEqual({ hidden: null, readonly: [] });
});

it("crun without root, which could hide nothing, is refused where something would have to be hidden", () => {
  expect(() => crunNeeds("/usr/bin/crun", both, true)).toThrow(/both versions/);
  expect(crunNeeds("/usr/bin/crun", { ...both, unifiedBeside: null }, true).hidden).toBeNull();
});
