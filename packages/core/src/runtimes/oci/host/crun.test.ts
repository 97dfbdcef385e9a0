import { expect, it } from "vitest";
import type { Cgroups } from "./cgroups.ts";
import { crunNeeds } from "./crun.ts";

const both: Cgroups = {
  version: 1,
  limitsSwap: true,
  unifiedBeside: "/sys/fs/cgroup/unified",
  folders: (name) => [`/sys/fs/cgroup/memory/${name}`, `/sys/fs/cgroup/cpu,cpuacct/${name}`],
  missing: () => null,
};

it("crun does not see the second version of cgroups, and leaves nothing of the first one writable", () => {
  expect(crunNeeds("/usr/bin/crun", both)).toEqual({
    hidden: "/sys/fs/cgroup/unified",
    readonly: ["/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/cpu,cpuacct"],
  });
  expect(crunNeeds("/opt/krun", { ...both, unifiedBeside: null }).hidden).toBeNull();
});

it("other runtimes, and machines with version 2 alone, need nothing", () => {
  expect(crunNeeds("/usr/sbin/runc", both)).toEqual({ hidden: null, readonly: [] });
  expect(crunNeeds("/usr/bin/crun", { ...both, version: 2 })).toEqual({ hidden: null, readonly: [] });
});
