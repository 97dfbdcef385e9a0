import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CgroupMachine } from "./cgroup-machine.ts";
import { findPlace } from "./cgroup-place.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "llm-sandbox-cgroups-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const all = "cpuset cpu io memory pids\n";

/** A cgroup of version 2. */
function cgroup(path: string, files: { procs?: string; controllers?: string; divided?: string } = {}): void {
  const { procs = "", controllers = all, divided = "" } = files;
  mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, path, "cgroup.procs"), procs);
  writeFileSync(join(folder, path, "cgroup.controllers"), controllers);
  writeFileSync(join(folder, path, "cgroup.subtree_control"), divided);
}

function unified(own: string, more: Partial<CgroupMachine> = {}): CgroupMachine {
  return {
    mountinfo: `39 32 0:32 / ${folder} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n`,
    own: `0::${own}\n`,
    root: false,
    user: { id: 1234, name: "app" },
    userManager: null,
    ...more,
  };
}

describe("a place for cgroups, of version 2, for a user", () => {
  it("is the service that was delegated, when the program is in a part of its own there", () => {
    cgroup("system.slice/app.service", { divided: "cpu memory pids\n" });
    cgroup("system.slice/app.service/main", { procs: "17\n" });
    const place = findPlace(unified("/system.slice/app.service/main"));
    expect(place).toMatchObject({ version: 2, parent: "/system.slice/app.service", scopes: null });
  });

  it("has its controllers divided, and is none when the kernel does not do that", () => {
    cgroup("app.service", { divided: "pids\n" });
    cgroup("app.service/main", { procs: "17\n" });
    expect(() => findPlace(unified("/app.service/main"))).toThrow(/DelegateSubgroup=main/);
    expect(readFileSync(join(folder, "app.service/cgroup.subtree_control"), "utf8")).toBe("+memory +cpu");
  });

  it.each([
    ["that the program is in itself", "/app.service", { procs: "17\n" }],
    ["that has other processes", "/app.service/main", { procs: "18\n" }],
    ["that has not all controllers", "/app.service/main", { controllers: "pids memory\n" }],
  ])("is not a service %s", (_, own, files) => {
    cgroup(own, { procs: "17\n" });
    cgroup("app.service", { divided: "memory pids cpu\n", ...files });
    expect(() => findPlace(unified(own))).toThrow(/DelegateSubgroup=main/);
  });

  it.each(["/app.slice/program.scope", "/app.slice/loose"])("is no slice of systemd's around %s", (own) => {
    cgroup("app.slice", { divided: "memory pids cpu\n" });
    cgroup(own, { procs: "17\n" });
    expect(() => findPlace(unified(own))).toThrow(/no systemd/);
  });

  it.skipIf(process.getuid?.() === 0)("is not what the user may not change", () => {
    cgroup("app.service", { divided: "memory pids cpu\n" });
    cgroup("app.service/main", { procs: "17\n" });
    chmodSync(join(folder, "app.service"), 0o555);
    expect(() => findPlace(unified("/app.service/main"))).toThrow(/DelegateSubgroup=main/);
    chmodSync(join(folder, "app.service"), 0o755);
  });
});

const service = "user.slice/user-1234.slice/user@1234.service";

describe.skipIf(process.platform !== "linux")("a user's own manager of systemd", () => {
  it("that lacks a controller is refused with the line that gives it", () => {
    cgroup(service, { controllers: "memory pids\n" });
    const machine = unified("/user.slice/user-1234.slice/session-1.scope", { userManager: "/run/user/1234" });
    // Where there is no systemd-run the refusal is another.
    expect(() => findPlace(machine)).toThrow(/Delegate=cpu memory pids|enable-linger app/);
  });

  it("that is not there is refused with the command that starts it", () => {
    cgroup(service);
    expect(() => findPlace(unified("/user.slice/user-1234.slice/session-1.scope"))).toThrow(
      /loginctl enable-linger app/,
    );
  });
});

describe("a place for cgroups, of version 1, for a user", () => {
  function old(paths: Record<string, string>): CgroupMachine {
    const names = Object.keys(paths);
    const mounts = names.map(
      (name) => `40 32 0:33 / ${join(folder, name)} rw shared:9 - cgroup cgroup rw,${name}`,
    );
    return {
      ...unified("/"),
      mountinfo: [...mounts, ""].join("\n"),
      own: names.map((name, index) => `${index + 1}:${name}:${paths[name]}\n`).join(""),
    };
  }

  it("is the program's own, when it has one path in every hierarchy", () => {
    const machine = old({ memory: "/mine", pids: "/mine", cpu: "/mine", "name=systemd": "/mine" });
    for (const name of ["memory", "pids", "cpu", "name=systemd"])
      mkdirSync(join(folder, name, "mine"), { recursive: true });
    expect(findPlace(machine)).toMatchObject({ version: 1, parent: "/mine", scopes: null });
  });

  it("is none when a hierarchy has another path, or the program is at the root", () => {
    for (const name of ["memory", "pids", "cpu", "freezer"])
      mkdirSync(join(folder, name, "mine"), { recursive: true });
    const others = { memory: "/mine", pids: "/mine", cpu: "/mine" };
    expect(() => findPlace(old({ ...others, freezer: "/" }))).toThrow(/app can make no cgroups/);
    expect(() => findPlace(old({ memory: "/", pids: "/", cpu: "/" }))).toThrow(/app can make no cgroups/);
  });
});
