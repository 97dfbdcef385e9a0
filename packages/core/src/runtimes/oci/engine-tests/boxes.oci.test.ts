import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../../logger.ts";
import type { Box, Runtime } from "../../../runtime.ts";
import { hello, specFor, until } from "../../shared/testing/box-under-test.ts";
import { thisOwner } from "../../shared/owner.ts";
import { annotationsOf } from "../box/annotations.ts";
import { boxesFolder } from "../box/box-place.ts";
import { findCgroups } from "../host/cgroups.ts";
import { findProgram } from "../host/find-program.ts";
import { machineIds } from "../host/machine-ids.ts";
import { oci } from "../index.ts";
import { reapAbandoned } from "../reaper.ts";
import { folder, machine, scriptedRuntime } from "./machine.ts";

/** These tests run a second time as an unprivileged user, from rootless.oci.test.ts. */
const rootless = process.getuid?.() !== 0;
/** Named, so that another one of this machine is not chosen. */
const ociRuntime = machine?.ociRuntimes[0] ?? "none";
const image = { kind: "language", language: "none", folder: "/none" } as const;
const index = new URL("../index.ts", import.meta.url).href;
const underTest = new URL("../../shared/testing/box-under-test.ts", import.meta.url).href;

describe.skipIf(!machine)("a box of an OCI runtime", () => {
  let root: Awaited<ReturnType<typeof folder>>;
  let runtime: Runtime;
  beforeAll(async () => {
    // An empty folder will do: the agent needs nothing.
    root = await folder();
    runtime = oci({ rootfs: root.path, ociRuntime });
  });
  afterAll(() => root.remove());

  /** Nothing of a session is left: no process, cgroup, mount, folder. */
  async function expectNothing(sessionId: string): Promise<void> {
    expect(await machine!.traces(sessionId)).toEqual([]);
    expect(supervisors(sessionId)).toEqual([]);
  }

  it.each(rootless ? (["split-uid"] as const) : (["split-uid", "same-uid"] as const))(
    "answers in mode %s, from a root with nothing in it",
    async (mode) => {
      const spec = specFor(image);
      const box = await oci({ rootfs: root.path, ociRuntime, mode }).launch(spec);
      try {
        expect(await hello(box)).toMatchObject({ version: 1, mode, seccomp: true, memoryEvents: true });
        expect(box.identity.tags === null).toBe(mode === "same-uid");
      } finally {
        await box.destroy();
      }
      await expectNothing(spec.sessionId);
    },
  );

  it("has the limits of its specification, by the kernel's own account", async () => {
    const box = await runtime.launch(specFor(image));
    const cgroups = findCgroups();
    const limits = { memoryBytes: 256 * 1024 * 1024, processes: 128, quotaUs: 100_000 };
    expect(cgroups.missing(cgroups.path(box.id), limits)).toBeNull();
    expect(cgroups.missing(cgroups.path(box.id), { ...limits, processes: 127 })).toMatch(/pids/);
    expect(
      cgroups.missing(cgroups.path(box.id), { ...limits, memoryBytes: limits.memoryBytes - 4096 }),
    ).toMatch(/memory/);
    expect(cgroups.missing(cgroups.path(box.id), { ...limits, quotaUs: 99_000 })).toMatch(/cpu/);
    await box.destroy();
  });

  it("has ids that no other box and no user of the machine has, but for its root without root", async () => {
    const boxes = await Promise.all([1, 2, 3, 4].map(() => runtime.launch(specFor(image))));
    const maps = boxes.flatMap((box) =>
      ["uid_map", "gid_map"].map((name) =>
        readFileSync(`/proc/${agentOf(box)}/${name}`, "utf8")
          .trim()
          .split(/\s+/)
          .map(Number),
      ),
    );
    await Promise.all(boxes.map((box) => box.destroy()));
    const shares = maps.map((map) => map.slice(-3));
    for (const kind of [0, 1]) {
      expect(new Set(shares.filter((_, index) => index % 2 === kind).map(([, first]) => first)).size).toBe(4);
    }
    for (const [index, map] of maps.entries()) {
      const [inside, first, count] = map.slice(-3);
      if (rootless) {
        const own = index % 2 === 0 ? process.getuid!() : process.getgid!();
        expect(map.slice(0, -3)).toEqual([0, own, 1]);
        expect([inside, count]).toEqual([1, 1_023]);
        const subordinates = readFileSync(index % 2 === 0 ? "/etc/subuid" : "/etc/subgid", "utf8");
        const [, from, many] = subordinates.split("\n").at(-2)!.split(":").map(Number);
        expect(first! >= from! && first! + count! <= from! + many!).toBe(true);
      } else {
        expect(map).toEqual([0, first, 65_536]);
        expect(first).toBeGreaterThanOrEqual(1_879_048_192);
      }
    }
  });

  it("has none of this program's groups", async () => {
    const box = await runtime.launch(specFor(image));
    await hello(box);
    const status = readFileSync(`/proc/${agentOf(box)}/status`, "utf8");
    await box.destroy();
    expect(/^Groups:(.*)$/m.exec(status)?.[1]?.trim()).toBe("");
  });

  it.skipIf(!rootless)(
    "is refused without root in mode same-uid, in gVisor, and with too many processes",
    async () => {
      const gvisor = await scriptedRuntime(root.path, "exit 0", "runsc");
      const spec = specFor(image);
      const crowded = { ...spec, limits: { ...spec.limits, processes: 10_000 } };
      for (const [attempt, message] of [
        [() => oci({ rootfs: root.path, ociRuntime, mode: "same-uid" }).launch(spec), /groups/],
        [() => oci({ rootfs: root.path, ociRuntime: gvisor }).launch(spec), /gVisor/],
        [() => runtime.launch(crowded), /10000/],
      ] as const) {
        await expect(attempt()).rejects.toMatchObject({
          code: "UNSUPPORTED",
          message: expect.stringMatching(message) as string,
        });
      }
      await expectNothing(spec.sessionId);
    },
  );

  it("says why it is gone", async () => {
    const specs = [1, 2, 3, 4].map(() => specFor(image));
    const [killed, ended, destroyed, orphaned] = (await Promise.all(
      specs.map((spec) => runtime.launch(spec)),
    )) as [Box, Box, Box, Box];
    await Promise.all([killed, ended, destroyed, orphaned].map((box) => hello(box)));
    process.kill(agentOf(killed), "SIGKILL");
    ended.stream.end();
    ended.stream.resume();
    await Promise.all([destroyed.destroy(), destroyed.destroy()]);
    await destroyed.destroy();
    for (const pid of supervisors(orphaned.id)) process.kill(pid, "SIGKILL");
    expect(await killed.gone).toMatchObject({ reason: "killed", exitCode: 137 });
    expect(await ended.gone).toMatchObject({ reason: "exited", exitCode: 0 });
    expect(await destroyed.gone).toMatchObject({ reason: "destroyed" });
    expect(await orphaned.gone).toMatchObject({ reason: "killed", exitCode: null });
    for (const { sessionId } of specs) await expectNothing(sessionId);
    for (const box of [killed, ended, orphaned]) await box.destroy();
  });

  it("is destroyed while it is frozen", async () => {
    const spec = specFor(image);
    const box = await runtime.launch(spec);
    const state = join(await boxFolder(box), "state");
    execFileSync(findProgram(ociRuntime)!, ["--root", state, "pause", box.id]);
    const started = Date.now();
    await box.destroy();
    expect(Date.now() - started).toBeLessThan(3_000);
    expect((await box.gone).reason).toBe("destroyed");
    await expectNothing(spec.sessionId);
  });

  it("leaves nothing when its opening is aborted at any moment", async () => {
    for (let round = 0; round < 16; round += 1) {
      const spec = specFor(image);
      const abort = new AbortController();
      const reason = new Error("changed my mind");
      const timer = setTimeout(() => abort.abort(reason), round * 3);
      const outcome = await runtime.launch(spec, { signal: abort.signal }).catch((error: unknown) => error);
      clearTimeout(timer);
      if (outcome !== reason && outcome instanceof Error) throw outcome;
      if (outcome !== reason) await (outcome as Box).destroy();
      await expectNothing(spec.sessionId);
    }
  });

  it("leaves nothing when its program is killed at any moment", async () => {
    const sessions: string[] = [];
    for (let round = 0; round < 14; round += 1) {
      const spec = specFor(image);
      sessions.push(spec.sessionId);
      const program = `
        const { oci } = await import(${JSON.stringify(index)});
        const { hello } = await import(${JSON.stringify(underTest)});
        console.log("now");
        const box = await oci(${JSON.stringify({ rootfs: root.path, ociRuntime })}).launch(${JSON.stringify(spec)});
        await hello(box);
        console.log("open");
        setInterval(() => {}, 1000);`;
      const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      await new Promise((resolve) => setTimeout(resolve, round * 5));
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    const traces = async () =>
      (await Promise.all(sessions.map((session) => machine!.traces(session)))).flat();
    await until(async () => sessions.flatMap(supervisors).length === 0);
    expect(await traces()).toEqual([]);
    await reapAbandoned(await boxesFolder(), findCgroups(), silentLogger);
    expect(await foldersOf(sessions)).toEqual([]);
  }, 60_000);

  it("is removed by the next program when its own and its supervisor were killed", async () => {
    const spec = specFor(image);
    const program = `
      const { oci } = await import(${JSON.stringify(index)});
      const box = await oci(${JSON.stringify({ rootfs: root.path, ociRuntime })}).launch(${JSON.stringify(spec)});
      console.log("open");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    const [supervisor] = supervisors(spec.sessionId);
    process.kill(supervisor!, "SIGSTOP");
    child.kill("SIGKILL");
    await once(child, "exit");
    process.kill(supervisor!, "SIGKILL");
    expect(await foldersOf([spec.sessionId])).toHaveLength(1);
    await reapAbandoned(await boxesFolder(), findCgroups(), silentLogger);
    expect(await foldersOf([spec.sessionId])).toEqual([]);
    await expectNothing(spec.sessionId);
  });

  it("that was never started is removed with its owner's end, that of a living owner never", async () => {
    const boxes = await boxesFolder();
    const cgroup = `llm-sandbox-test-${process.pid}`;
    const make = async (name: string, pid: number) => {
      await mkdir(join(boxes, name));
      const annotations = annotationsOf({ ...thisOwner(), pid }, "test");
      await writeFile(
        join(boxes, name, "config.json"),
        JSON.stringify({ annotations, linux: { cgroupsPath: `/${cgroup}` } }),
      );
    };
    await make("test-dead", 4_194_303);
    await make("test-alive", process.pid);
    await reapAbandoned(boxes, findCgroups(), silentLogger);
    const left = readdirSync(boxes);
    await rm(join(boxes, "test-alive"), { recursive: true });
    expect(left).toContain("test-alive");
    expect(left).not.toContain("test-dead");
  });

  it("that an OCI runtime never starts is given up after the time limit, with nothing left", async () => {
    const spec = specFor(image);
    const hanging = oci({
      rootfs: root.path,
      ociRuntime: await scriptedRuntime(root.path, "sleep 1000 & sleep 1000"),
      timeoutMs: 500,
    });
    const started = Date.now();
    await expect(hanging.launch(spec)).rejects.toMatchObject({ code: "ENGINE_TIMEOUT" });
    expect(Date.now() - started).toBeLessThan(5_000);
    await expectNothing(spec.sessionId);
  });

  it.each([
    ["memory", `s/"memory":{[^}]*}/"memory":{}/`],
    ["processes", `s/"pids":{[^}]*}/"pids":{"limit":0}/`],
    ["processor time", `s/"cpu":{[^}]*}/"cpu":{}/`],
  ])("whose OCI runtime does not limit its %s is refused", async (_, change) => {
    const spec = specFor(image);
    const real = findProgram(ociRuntime)!;
    // The fifth argument is the bundle's folder.
    const careless = await scriptedRuntime(
      root.path,
      `sed -i '${change}' "$6/config.json"; exec ${real} "$@"`,
    );
    const attempt = oci({ rootfs: root.path, ociRuntime: careless }).launch(spec);
    await expect(attempt).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("did not limit"),
    });
    await expectNothing(spec.sessionId);
  });

  it("that does not start says why, in the OCI runtime's words", async () => {
    const broken = await scriptedRuntime(
      root.path,
      `echo 'level=error msg="the \\"moon\\" is full"' >&2; exit 3`,
    );
    const attempt = oci({ rootfs: root.path, ociRuntime: broken }).launch(specFor(image));
    await expect(attempt).rejects.toMatchObject({
      code: "BOX_START_FAILED",
      message: expect.stringContaining('the "moon" is full'),
    });
  });

  it.each([
    ["is no program", "\u0000\u0001\u0002", /is no program for this machine/],
    ["needs what is not there", "#!/nowhere/sh\n", /is no program for this machine/],
    ["does nothing", "#!/bin/sh\nexit 0\n", /has started no process.*another oci\(\{ ociRuntime/],
  ])("whose OCI runtime %s does not start, and the error says what to do", async (_, content, answer) => {
    const broken = await scriptedRuntime(root.path, "");
    await writeFile(broken, content);
    const spec = specFor(image);
    await expect(oci({ rootfs: root.path, ociRuntime: broken }).launch(spec)).rejects.toMatchObject({
      code: "BOX_START_FAILED",
      message: expect.stringMatching(answer) as string,
    });
    await expectNothing(spec.sessionId);
  });

  it.each([
    ["an OCI runtime that is not there", { ociRuntime: "no-such-runtime" }, "ENGINE_NOT_FOUND"],
    ["a root that is not there", { rootfs: "/no/such/folder" }, "INVALID_OPTION"],
    ["a root that is a file", { rootfs: "/etc/passwd" }, "INVALID_OPTION"],
    ["the machine's own root", { rootfs: "/" }, "INVALID_OPTION"],
    ["the machine's own root by another name", { rootfs: "/proc/self/root/usr/.." }, "INVALID_OPTION"],
    ["a folder of the machine's system", { rootfs: "/etc" }, "INVALID_OPTION"],
    ["the folder of temporary files", { rootfs: "/tmp/" }, "INVALID_OPTION"],
  ])("is refused with %s", async (_, more, code) => {
    const attempt = oci({ rootfs: root.path, ociRuntime, ...more }).launch(specFor(image));
    await expect(attempt).rejects.toMatchObject({ code });
  });

  it("is refused with a link to the machine's own root, in which nothing is made", async () => {
    const path = join(root.path, "link");
    await symlink("/", path);
    const attempt = oci({ rootfs: path, ociRuntime }).launch(specFor(image));
    await expect(attempt).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining("this machine's own system") as string,
    });
    expect(existsSync("/.llm-sandbox-agent")).toBe(false);
  });

  it("is refused with a root that its users cannot reach", async () => {
    const hidden = join(root.path, "hidden");
    await mkdir(join(hidden, "root"), { recursive: true, mode: 0o700 });
    const attempt = oci({ rootfs: join(hidden, "root"), ociRuntime }).launch(specFor(image));
    await expect(attempt).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining(hidden),
    });
  });

  it("is refused a network, and an image beside a given root", async () => {
    await expect(runtime.launch(specFor(image, { network: "full" }))).rejects.toMatchObject({
      code: "UNSUPPORTED",
    });
    const other = { kind: "reference", reference: "python:3" } as const;
    await expect(runtime.launch(specFor(other))).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  it("whose OCI runtime is killed with a mount in its state folder leaves none", async () => {
    const spec = specFor(image);
    // As runc does with its own program before it becomes the box's.
    const mounting = await scriptedRuntime(
      root.path,
      `mkdir "$2"; touch "$2/self"; mount --bind /bin/sh "$2/self"; kill -9 $$`,
    );
    const attempt = oci({ rootfs: root.path, ociRuntime: mounting }).launch(spec);
    await expect(attempt).rejects.toMatchObject({ code: "BOX_START_FAILED" });
    // Others' boxes may have mounts there: gVisor's do as long as they live.
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toMatch(/\/boxes\/\d+\/state\/self /);
    await expectNothing(spec.sessionId);
  });

  it("keeps its workspace as a template, which the next begins with", async () => {
    const place = await folder();
    try {
      const templates = oci({ rootfs: root.path, ociRuntime, cacheFolder: place.path });
      const tar = execFileSync("tar", ["--create", "--directory", "/etc", "hostname"]);
      const save = (name?: string) =>
        templates.saveTemplate!({
          base: `rootfs:${root.path}`,
          workspace: Readable.from([tar]),
          path: "/.llm-sandbox/workspace.tar",
          name,
        });
      const fresh = await save();
      const named = await save("mine:1");
      await save("mine:1");
      expect(named.reference).toBe("mine:1");
      for (const { reference } of [fresh, named]) {
        const box = await templates.launch(specFor({ kind: "reference", reference }));
        const { version, ...answer } = await hello(box, { restore: "/.llm-sandbox/workspace.tar" });
        expect([version, answer["mode"]]).toEqual([1, "split-uid"]);
        // Without root its user's folder is not this user's.
        if (!rootless) expect(readdirSync(`/proc/${agentOf(box)}/root/workspace`)).toEqual(["hostname"]);
        await box.destroy();
      }
      const abort = new AbortController();
      abort.abort(new Error("changed my mind"));
      const before = readdirSync(join(place.path, "templates"));
      const aborted = templates.saveTemplate!(
        {
          base: `rootfs:${root.path}`,
          workspace: Readable.from([tar]),
          path: "/.llm-sandbox/workspace.tar",
          name: undefined,
        },
        { signal: abort.signal },
      );
      await expect(aborted).rejects.toThrow("changed my mind");
      expect(readdirSync(join(place.path, "templates"))).toEqual(before);
      for (const one of await templates.removable!()) await one.remove();
      expect(readdirSync(join(place.path, "templates"))).toEqual(before);
    } finally {
      await place.remove();
    }
  });

  it("opens beside ninety-nine others", async () => {
    const count = Math.min(100, machineIds().places);
    const boxes = await Promise.all(Array.from({ length: count }, () => runtime.launch(specFor(image))));
    await Promise.all(boxes.map((box) => hello(box)));
    await Promise.all(boxes.map((box) => box.destroy()));
    expect(await machine!.leftovers(process.pid)).toEqual([]);
  }, 60_000);
});

/** Process ids of the supervisors of boxes whose name has the text in it. */
function supervisors(text: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const [program, ...rest] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return basename(program!) === "llm-sandbox-supervisor" && rest.join("\0").includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** The process id of a box's agent, as this machine sees it. */
function agentOf(box: Box): number {
  const { version, folders, path } = findCgroups();
  const cgroup = folders(path(box.id)).find((folder) => version === 2 || /\/pids\//.test(folder))!;
  const [first] = readFileSync(join(cgroup, "cgroup.procs"), "utf8").split("\n");
  return Number(first);
}

async function boxFolder(box: Box): Promise<string> {
  return join(await boxesFolder(), box.id.split("-").at(-1)!);
}

async function foldersOf(sessions: readonly string[]): Promise<string[]> {
  const boxes = await boxesFolder();
  return readdirSync(boxes).filter((number) => {
    try {
      const text = readFileSync(join(boxes, number, "config.json"), "utf8");
      return sessions.some((session) => text.includes(session));
    } catch {
      return false;
    }
  });
}
