import { describe, expect, it } from "vitest";
import { specFor } from "../../shared/testing/box-under-test.ts";
import { thisOwner } from "../../shared/owner.ts";
import { annotationsOf, readConfig } from "./annotations.ts";
import { boxConfig, type BoxConfigInput } from "./config.ts";

interface Config {
  readonly process: {
    readonly user: object;
    readonly env: readonly string[];
    readonly noNewPrivileges: boolean;
    readonly capabilities: Readonly<Record<string, readonly string[]>>;
    readonly rlimits: readonly { readonly type: string; readonly hard: number }[];
  };
  readonly root: object;
  readonly mounts: readonly {
    readonly destination: string;
    readonly type: string;
    readonly source: string;
    readonly options: readonly string[];
  }[];
  readonly linux: {
    readonly namespaces: readonly { readonly type: string; readonly path?: string }[];
    readonly uidMappings: readonly object[];
    readonly cgroupsPath: string;
    readonly resources: { readonly memory: object };
    readonly seccomp: { readonly defaultAction: string };
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
  };
}

function config(more: Partial<BoxConfigInput> = {}): Config {
  return boxConfig({
    spec: specFor({ kind: "language", language: "none", folder: "/none" }),
    mode: "split-uid",
    uid: 12_345,
    root: "/the/root",
    volumes: ["/data", "/tmp/inner/..", "/"],
    agent: "/the/agent",
    template: null,
    users: [{ containerID: 0, hostID: 1_900_000_000, size: 65_536 }],
    groups: [{ containerID: 0, hostID: 1_900_000_000, size: 65_536 }],
    cgroup: "/user.slice/user@1.service/llm-sandbox-test-1.scope/box",
    limits: { memoryBytes: 1_000_000, processes: 99, quotaUs: 50_000 },
    limitsSwap: true,
    readonlyPaths: [],
    annotations: annotationsOf(thisOwner(), "test"),
    ...more,
  }) as Config;
}

describe("the configuration of a box", () => {
  it("has a namespace of its own of every kind, and joins none", () => {
    const { namespaces, uidMappings } = config().linux;
    expect(namespaces.map(({ type }) => type).sort()).toEqual(
      ["cgroup", "ipc", "mount", "network", "pid", "user", "uts"].sort(),
    );
    expect(namespaces.filter(({ path }) => path !== undefined)).toEqual([]);
    expect(uidMappings).toEqual([{ containerID: 0, hostID: 1_900_000_000, size: 65_536 }]);
  });

  it("gives the agent two capabilities in split-uid mode, and nobody any in same-uid mode", () => {
    const split = config().process;
    expect(new Set(Object.values(split.capabilities).map(String))).toEqual(
      new Set(["CAP_SETUID,CAP_SETGID"]),
    );
    expect([split.user, split.noNewPrivileges, split.env]).toEqual([{ uid: 0, gid: 0 }, true, []]);
    const same = config({ mode: "same-uid" }).process;
    expect(Object.values(same.capabilities).flat()).toEqual([]);
    expect(same.user).toEqual({ uid: 12_345, gid: 12_345 });
  });

  it("mounts nothing of the machine but the agent and a template, and those read-only", () => {
    const { mounts, root } = config({ template: "/the/template" });
    expect(root).toEqual({ path: "/the/root", readonly: true });
    const bound = mounts.filter(({ type }) => type === "bind");
    expect(bound.map(({ source }) => source)).toEqual(["/the/agent", "/the/template"]);
    for (const { options } of bound)
      expect(options).toEqual(expect.arrayContaining(["ro", "nosuid", "nodev"]));
  });

  it("has only bounded places to write, and only the workspace may execute", () => {
    const memory = config().mounts.filter(({ type }) => type === "tmpfs");
    expect(memory.map(({ destination }) => destination)).toEqual([
      "/dev",
      "/dev/shm",
      "/data",
      "/tmp",
      "/workspace",
    ]);
    for (const { destination, options } of memory) {
      expect(options.some((option) => /^size=[1-9]/.test(option))).toBe(true);
      expect(options.some((option) => /^nr_inodes=[1-9]/.test(option))).toBe(true);
      expect(options.includes("noexec")).toBe(destination !== "/workspace");
      expect(options).toContain("nosuid");
    }
  });

  it("limits memory together with swap, and hides what tells about the machine", () => {
    expect(config().linux.resources.memory).toEqual({ limit: 1_000_000, swap: 1_000_000 });
    expect(config({ limitsSwap: false }).linux.resources.memory).toEqual({ limit: 1_000_000 });
    expect(config().linux.seccomp.defaultAction).toBe("SCMP_ACT_ERRNO");
    expect(config().linux.maskedPaths).toEqual(
      expect.arrayContaining(["/proc/kcore", "/proc/keys", "/sys/firmware"]),
    );
    expect(config().linux.readonlyPaths).toContain("/proc/sys");
    expect(config().process.rlimits).toContainEqual({ type: "RLIMIT_CORE", soft: 0, hard: 0 });
  });

  it("tells whose it is, and nothing when it is not whole", () => {
    const text = JSON.stringify(config());
    expect(readConfig(text)).toEqual({ owner: thisOwner(), cgroup: config().linux.cgroupsPath });
    for (const broken of [
      "",
      text.slice(0, -1),
      "null",
      "{}",
      text.replace("/llm-sandbox-test-1.scope/box", "/../.."),
      text.replace("/user.slice/", "/../"),
      text.replace("/user@1.service/llm-sandbox-", "/"),
      text.replace("scope/box", "scope/other"),
    ]) {
      expect(readConfig(broken)).toBeNull();
    }
  });
});
