import { describe, expect, it } from "vitest";
import type { BoxSpec } from "../../../runtime.ts";
import { createBody, type CreateBodyInput } from "./create-body.ts";
import { forPodman } from "./podman-differences.ts";
import { seccompProfile } from "../../shared/seccomp-profile.ts";

const spec: BoxSpec = {
  sessionId: "s1",
  image: { kind: "reference", reference: "x" },
  workspace: "/workspace",
  network: "none",
  limits: {
    memoryBytes: 1e9,
    cpus: 1.5,
    processes: 64,
    diskBytes: 4096,
    diskEntries: 10_000,
    openFiles: 1024,
    lifetimeMs: 1000,
  },
};
const input: CreateBodyInput = {
  spec,
  image: { id: "sha256:abc", volumes: [] },
  ids: { uid: 1_234_567_890 },
  mode: "split-uid",
  agentVolume: "volume",
  ociRuntime: undefined,
  labels: { a: "b" },
};

describe("a box's container", () => {
  it("has no network, no way to more privileges, a read-only root and no log on the host", () => {
    const body = createBody(input);
    expect(body).toMatchObject({
      User: "0:0",
      NetworkDisabled: true,
      OpenStdin: true,
      StdinOnce: true,
      Tty: false,
      Healthcheck: { Test: ["NONE"] },
      HostConfig: {
        NetworkMode: "none",
        CapDrop: ["ALL"],
        CapAdd: ["SETUID", "SETGID"],
        ReadonlyRootfs: true,
        AutoRemove: true,
        Init: false,
        Privileged: false,
        LogConfig: { Type: "none" },
        Memory: 1e9,
        MemorySwap: 1e9,
        NanoCpus: 1.5e9,
        PidsLimit: 128,
      },
    });
    expect(body.HostConfig.SecurityOpt).toContain("no-new-privileges:true");
    for (const field of ["Binds", "Devices", "PortBindings", "VolumesFrom", "OomScoreAdj"]) {
      expect(body.HostConfig).not.toHaveProperty(field);
    }
  });

  it("gives the workspace to the box's user, bounded in bytes and files, and lets nothing run from /tmp", () => {
    const { Tmpfs } = createBody(input).HostConfig;
    expect(Tmpfs["/workspace"]).toBe(
      "rw,exec,nosuid,nodev,size=4096,nr_inodes=10001,mode=0700,uid=1234567890,gid=1234567890",
    );
    expect(Tmpfs["/tmp"]).toBe("rw,noexec,nosuid,nodev,size=1024,nr_inodes=2500,mode=1777");
  });

  it("is an unprivileged user without any capability in same-uid mode", () => {
    const body = createBody({ ...input, mode: "same-uid" });
    expect(body["User"]).toBe("1234567890:1234567890");
    expect(body.HostConfig["CapAdd"]).toEqual([]);
  });

  it("puts memory over the image's volumes, but never over the agent or the workspace", () => {
    const volumes = [
      "/data/",
      "//a/../b",
      "/workspace",
      "/tmp",
      "/.llm-sandbox-agent",
      "/.llm-sandbox-agent/x",
      "/",
    ];
    const { Tmpfs } = createBody({ ...input, image: { id: "x", volumes } }).HostConfig;
    expect(Object.keys(Tmpfs).sort()).toEqual(["/b", "/data", "/tmp", "/workspace"]);
    expect(Tmpfs["/data"]).toMatch(/noexec.*size=16777216/);
    expect(Tmpfs["/workspace"]).toMatch(/mode=0700/);
  });

  it("has the engine's network only when asked for it", () => {
    const body = createBody({ ...input, spec: { ...spec, network: "full" } });
    expect(body).not.toHaveProperty("NetworkDisabled");
    expect(body.HostConfig["NetworkMode"]).toBe("default");
  });

  it("leaves gVisor's own threads room", () => {
    const { HostConfig } = createBody({ ...input, ociRuntime: "runsc" });
    expect(HostConfig["Runtime"]).toBe("runsc");
    expect(HostConfig["PidsLimit"]).toBeGreaterThan(4000);
  });
});

describe("the seccomp profile", () => {
  const allowed = seccompProfile.syscalls.filter(({ action }) => action === "SCMP_ACT_ALLOW");
  const freely = new Set(allowed.filter(({ args }) => !args).flatMap(({ names }) => names));

  it("refuses what is not listed, and lists none of what opens the kernel", () => {
    expect(seccompProfile.defaultAction).toBe("SCMP_ACT_ERRNO");
    const dangerous =
      `socket socketpair clone clone3 unshare setns mount umount2 pivot_root chroot move_mount open_tree
      fsopen fsmount fsconfig mount_setattr keyctl add_key request_key bpf ptrace process_vm_readv process_vm_writev
      kcmp pidfd_getfd perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register init_module
      finit_module delete_module kexec_load kexec_file_load open_by_handle_at name_to_handle_at reboot swapon
      settimeofday clock_settime syslog quotactl personality iopl ioperm acct lookup_dcookie fanotify_init
      move_pages modify_ldt uselib vhangup`.split(/\s+/);
    expect(dangerous.filter((name) => freely.has(name))).toEqual([]);
  });

  it("has each name once, so that no line undoes another", () => {
    const names = allowed.filter(({ args }) => !args).flatMap(({ names }) => names);
    expect(names.length).toBe(new Set(names).size);
    expect(names.every((name) => /^\w+$/.test(name))).toBe(true);
  });
});

describe("a box for Podman", () => {
  const podman = (mode: "split-uid" | "same-uid", seccompPath: string | null) =>
    forPodman(
      createBody({ ...input, mode, spec: { ...spec, limits: { ...spec.limits, openFiles: 50_000 } } }),
      {
        mode,
        seccompPath,
      },
    ).HostConfig;

  it("has none of the words that Podman refuses", () => {
    for (const mode of ["split-uid", "same-uid"] as const) {
      const host = podman(mode, null);
      expect(JSON.stringify(host.Tmpfs)).not.toMatch(/uid=|nr_inodes/);
      expect(host.SecurityOpt).toEqual(["no-new-privileges:true"]);
      expect(host.Ulimits.find(({ Name }) => Name === "nproc")).toBeDefined();
      expect(host.Ulimits.find(({ Name }) => Name === "nofile")?.Hard).toBe(20_000);
    }
  });

  it("gives the workspace to its user where it can", () => {
    expect(podman("same-uid", null).Tmpfs["/workspace"]).toMatch(/mode=0700,U$/);
    expect(podman("split-uid", null).Tmpfs["/workspace"]).toMatch(/mode=0777$/);
  });

  it("bounds the folders that Podman would make writable", () => {
    const { Tmpfs } = podman("split-uid", "/profile.json");
    expect(Tmpfs["/run"]).toMatch(/noexec.*size=.*mode=0755/);
    expect(Tmpfs["/var/tmp"]).toMatch(/noexec.*size=.*mode=0755/);
    expect(podman("split-uid", "/profile.json").SecurityOpt).toContain("seccomp=/profile.json");
  });
});
