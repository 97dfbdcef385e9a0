import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CgroupMachine } from "./cgroup-machine.ts";
import { enforcedLimits, findCgroups } from "./cgroups.ts";

const limits = { memoryBytes: 1_048_576, processes: 64, quotaUs: 50_000 };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "llm-sandbox-cgroups-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const root: Omit<CgroupMachine, "mountinfo"> = {
  own: "",
  root: true,
  user: { id: 0, name: "root" },
  userManager: null,
};

/** As the kernel writes it: one mount of version 2, some of version 1. */
function mounted(old: readonly string[], unified: boolean): CgroupMachine {
  const lines = old.map(
    (name) => `40 32 0:33 / ${join(folder, name)} rw shared:9 - cgroup cgroup rw,${name}`,
  );
  if (unified) lines.push(`39 32 0:32 / ${folder} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate`);
  return { ...root, mountinfo: ["22 28 0:21 / /proc rw - proc proc rw", ...lines, ""].join("\n") };
}

describe("cgroups of version 2", () => {
  beforeEach(() => {
    write("cgroup.controllers", "cpuset cpu io memory hugetlb pids\n");
    write("box/memory.max", "1048576\n");
    write("box/memory.swap.max", "0\n");
    write("box/pids.max", "64\n");
    write("box/cpu.max", "50000 100000\n");
  });

  it("have one folder for a box, and say that its limits are in force", () => {
    const cgroups = findCgroups(mounted([], true));
    expect(cgroups.version).toBe(2);
    expect([cgroups.path("box"), cgroups.scopes]).toEqual(["/box", null]);
    expect(cgroups.folders("/box")).toEqual([join(folder, "box")]);
    expect(cgroups.unifiedBeside).toBeNull();
    expect(cgroups.missing("/box", limits)).toBeNull();
  });

  it.each([
    ["memory.max", "max\n"],
    ["memory.max", "2097152\n"],
    ["pids.max", "max\n"],
    ["cpu.max", "max 100000\n"],
    ["cpu.max", ""],
  ])("say that %s holding %j is no limit", (file, text) => {
    write(`box/${file}`, text);
    expect(findCgroups(mounted([], true)).missing("/box", limits)).toContain(file);
  });

  it("say so of a box that has none", () => {
    expect(findCgroups(mounted([], true)).missing("/other", limits)).toContain("not there");
  });

  it("are refused without a controller", () => {
    write("cgroup.controllers", "cpuset cpu io pids\n");
    expect(() => findCgroups(mounted([], true))).toThrow(/memory are not available/);
  });
});

describe("cgroups of version 1", () => {
  const all = ["memory", "pids", "cpu", "freezer"];
  beforeEach(() => {
    write("memory/memory.memsw.limit_in_bytes", "9223372036854771712\n");
    write("memory/box/memory.limit_in_bytes", "1048576\n");
    write("memory/box/memory.memsw.limit_in_bytes", "1048576\n");
    write("pids/box/pids.max", "64\n");
    write("cpu/box/cpu.cfs_quota_us", "50000\n");
    write("freezer/tasks", "");
  });

  it("have a folder for a box in each hierarchy, also an empty one of version 2 beside them", () => {
    const cgroups = findCgroups(mounted(all, true));
    expect(cgroups.version).toBe(1);
    expect(cgroups.folders("/box")).toHaveLength(5);
    expect(cgroups.unifiedBeside).toBe(folder);
    expect(findCgroups(mounted(all, false)).unifiedBeside).toBeNull();
    expect(cgroups.missing("/box", limits)).toBeNull();
  });

  it.each([
    ["memory/box/memory.limit_in_bytes", "9223372036854771712\n"],
    ["memory/box/memory.memsw.limit_in_bytes", "2097152\n"],
    ["pids/box/pids.max", "max\n"],
    ["cpu/box/cpu.cfs_quota_us", "-1\n"],
  ])("say that %s holding %j is no limit", (file, text) => {
    write(file, text);
    expect(findCgroups(mounted(all, true)).missing("/box", limits)).toContain(file);
  });
});

it("a machine without cgroups is refused", () => {
  expect(() => findCgroups(mounted(["memory", "pids"], false))).toThrow(/no cgroups/);
});

it("a small share of a core is still one that the kernel takes", () => {
  const asked = {
    memoryBytes: 1.5,
    cpus: 0.001,
    diskBytes: 1,
    diskEntries: 1,
    openFiles: 1,
    lifetimeMs: 1,
    processes: 1,
  };
  expect(enforcedLimits(asked, 65)).toEqual({ memoryBytes: 2, processes: 65, quotaUs: 1_000 });
});
