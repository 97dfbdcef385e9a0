import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, chown, lchown, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ImageSource } from "../../../runtime.ts";
import { discoverEngine } from "../../engine/discovery/discover-engine.ts";
import { UnprivilegedUser } from "../testing/unprivileged-user.ts";
import type { Surroundings } from "../testing/unprivileged-user.ts";

const noImage: ImageSource = { kind: "language", language: "none", folder: "/none" };
const whyNot = UnprivilegedUser.whyNot();

// One line tells why nothing else is here.
if (whyNot !== null) it.skip(`an unprivileged user's boxes are not tested here: ${whyNot}`, () => {});

describe.skipIf(whyNot !== null)("an unprivileged user", () => {
  let user: UnprivilegedUser;
  beforeAll(async () => {
    user = await UnprivilegedUser.make();
  });
  afterAll(() => user?.remove());

  /** Runs tests of this project as the user; returns how many passed. Throws with what failed. */
  async function tests(file: string, pattern: string, env: Record<string, string> = {}): Promise<number> {
    const report = join(user.home, "report.json");
    const vitest = ["node_modules/vitest/vitest.mjs", "run", "--project", "oci", file, "-t", pattern];
    const options = ["--configLoader=native", "--reporter=json", `--outputFile=${report}`];
    const { stdout, stderr } = await user.node([...vitest, ...options], {
      env: { LLM_SANDBOX_TEST_OCI: "runc", ...env },
    });
    const told = await readFile(report, "utf8").catch(() => {
      throw new Error(`The tests said nothing. ${stdout}${stderr}`);
    });
    const { testResults } = JSON.parse(told) as Report;
    const results = testResults.flatMap((one) => one.assertionResults);
    const failures = results
      .filter(({ status }) => status === "failed")
      .map(({ fullName, failureMessages }) => [fullName, ...failureMessages].join("\n"));
    const broken = testResults.filter(({ status, message }) => status === "failed" && message);
    expect([...failures, ...broken.map(({ message }) => message)]).toEqual([]);
    return results.filter(({ status }) => status === "passed").length;
  }

  it("opens boxes with their limits, ids and ends as root does", async () => {
    expect(await tests("packages/core/src/runtimes/oci/engine-tests/boxes", "")).toBeGreaterThan(20);
    expect(await user.leftovers()).toEqual([]);
  }, 600_000);

  it("has sessions that conform in resources, files and isolation", async (context) => {
    const found = await discoverEngine({}).catch(() => null);
    const socket = found?.engine.client.address.replace(/^unix:\/\//, "");
    if (!socket?.startsWith("/")) context.skip("there is no engine here to take images from");
    const env = { DOCKER_HOST: `unix://${await user.share(socket!)}` };
    const wanted = "(First|A\\. Resources|E\\. Files|G\\. Isolation|Afterwards)";
    expect(await tests("packages/core/src/testing/conformance.oci", wanted, env)).toBeGreaterThan(90);
    expect(await user.leftovers()).toEqual([]);
  }, 900_000);

  /** Has the user open a box from an empty root; what that says. */
  async function launching(
    surroundings: Surroundings = {},
    options = "rootfs",
    image = noImage,
  ): Promise<string> {
    const launch = `
      const { oci } = await import("./packages/core/src/runtimes/oci/index.ts");
      const { specFor } = await import("./packages/core/src/runtimes/shared/testing/box-under-test.ts");
      const spec = specFor(${JSON.stringify(image)});
      const rootfs = ${JSON.stringify(join(user.home, "root"))};
      const attempt = oci({ ociRuntime: "runc", ${options} }).launch(spec);
      await attempt.then(
        (box) => box.destroy().then(() => console.log("opened")),
        (error) => console.log(error.code, error.remedy === undefined ? "NO REMEDY" : "", error.message));`;
    await mkdir(join(user.home, "root"), { recursive: true });
    await chown(join(user.home, "root"), user.id, user.id);
    const { stdout, stderr } = await user.node(["--input-type=module", "-e", launch], surroundings);
    return `${stdout}${stderr}`.trim();
  }

  it("opens none where somebody else has made the folder of his boxes, or a link in its place, until that is removed", async () => {
    const path = user.runFolder;
    for (const obstruct of [
      () => mkdir(path, { mode: 0o755 }),
      () => symlink(user.home, path),
      // A folder and a link of a third user's, and one of the user's own that others may write to.
      () => mkdir(path).then(() => chown(path, user.id + 1, user.id + 1)),
      () => symlink(user.home, path).then(() => lchown(path, user.id + 1, user.id + 1)),
      () =>
        mkdir(path)
          .then(() => chown(path, user.id, user.id))
          .then(() => chmod(path, 0o777)),
      () => symlink(user.home, path).then(() => lchown(path, user.id, user.id)),
    ]) {
      await rm(path, { recursive: true, force: true });
      await obstruct();
      const said = await launching();
      expect(said).toMatch(/^PERMISSION_DENIED .*llm-sandbox-run-/);
      const [, command] = /Run `(.*)` as root/.exec(said)!;
      execFileSync("sh", ["-c", command!]);
      expect(await launching()).toBe("opened");
    }
    expect(existsSync(user.home)).toBe(true);
  }, 120_000);

  it.each<[string, string, RegExp]>([
    ["is not sticky", "chmod 777 /mnt", /^PERMISSION_DENIED .*chmod \+t \/tmp/],
    ["is read-only", "mount -o remount,ro /mnt", /^PERMISSION_DENIED .*write in \/tmp/],
    ["is full", "mount -o remount,nr_inodes=2 /mnt", /^DISK_FULL .*\/tmp.*Free space there\.$/],
  ])("opens none where /tmp %s, and is told what to do", async (_, change, answer) => {
    expect(await launching({ prepare: user.withTmp(change) })).toMatch(answer);
  });

  it("is told of a home where nothing can be kept", async () => {
    const readonly = `mount --bind ${user.home} ${user.home}; mount -o remount,bind,ro ${user.home}`;
    expect(await launching()).toBe("opened");
    await rm(join(user.home, ".cache"), { recursive: true });
    expect(await launching({ prepare: readonly })).toMatch(
      /^PERMISSION_DENIED .*\.cache.*oci\(\{ cacheFolder/,
    );
    const fetched = { kind: "reference", reference: "llm-sandbox.invalid/none:1" } as const;
    expect(await launching({ prepare: readonly }, 'imagesFrom: "tools"', fetched)).toMatch(
      /^PERMISSION_DENIED .*\.cache.*oci\(\{ cacheFolder/,
    );
    expect(await launching({ env: { HOME: "" } })).toBe("opened");
    expect(existsSync(join(user.home, ".cache/llm-sandbox"))).toBe(true);
  });

  it.each<[string, string, RegExp]>([
    [
      "the cache is on a disk that executes nothing",
      "mkdir -p $HOME/.cache; chown --reference $HOME $HOME/.cache; mount -t tmpfs -o mode=777 none $HOME/.cache; mkdir $HOME/.cache/llm-sandbox; chown --reference $HOME $HOME/.cache/llm-sandbox; mount -o remount,noexec $HOME/.cache",
      /^PERMISSION_DENIED .*noexec.*oci\(\{ cacheFolder/,
    ],
    [
      "newuidmap has no set-user-ID bit",
      "cp $(command -v newuidmap) /run/newuidmap; chmod 755 /run/newuidmap; mount --bind /run/newuidmap $(command -v newuidmap); rm /run/newuidmap",
      /^BOX_START_FAILED .*apt-get install --reinstall uidmap.*: newuidmap needs/,
    ],
  ])("is told what to do where %s", async (_, prepare, answer) => {
    expect(await launching({ prepare })).toMatch(answer);
  });

  it("is told of an OCI runtime in a folder that is closed to him", async () => {
    const program = `
      const { oci } = await import("./packages/core/src/runtimes/oci/index.ts");
      await oci({ ociRuntime: process.env.RUNTIME }).probe().catch(({ code, message }) => console.log(code, message));`;
    await mkdir(join(user.home, "closed"), { mode: 0o700 });
    const env = { RUNTIME: join(user.home, "closed/runc") };
    const { stdout, stderr } = await user.node(["--input-type=module", "-e", program], { env });
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^ENGINE_NOT_FOUND .*cannot be executed\. Let this user execute it/);
  });

  it("has a damaged root made again whatever its folders allow, and none taken from somebody else's store", async () => {
    const store = `
      const { RootStore } = await import("./packages/core/src/runtimes/oci/root/root-store.ts");
      const fs = await import("node:fs");
      const facts = { id: "one", reference: "one", architecture: "none", env: {}, volumes: [] };
      const unpack = async (root) => {
        fs.mkdirSync(root + "/etc/inner", { recursive: true });
        fs.writeFileSync(root + "/etc/inner/file", "whole");
      };
      const cache = process.env.HOME + "/store";
      const work = { signal: undefined, waiting() {}, damaged: (why) => console.log(why) };
      const use = async () => {
        const { folder } = await new RootStore(cache).ensure({ facts, unpack }, work);
        console.log(fs.readFileSync(folder + "/etc/inner/file", "utf8"));
        return folder;
      };
      try {
        const folder = await use();
        for (const path of process.env.CLOSED.split(" ")) {
          fs.chmodSync(folder + path, 0);
          await use();
        }
      } catch ({ code, remedy }) {
        console.log(code, remedy);
      }`;
    const node = (surroundings: Surroundings) =>
      user.node(["--input-type=module", "-e", store], surroundings);
    const closed = await node({ env: { CLOSED: "/etc/inner /etc / /.." } });
    expect(closed.stderr).toBe("");
    expect(closed.stdout.split("\n")).toEqual([
      "whole",
      ...[
        "one has been changed.",
        "one has been changed.",
        "one has been changed.",
        "one has no readable description.",
      ].flatMap((what) => [`The stored root of ${what}`, "whole"]),
      "",
    ]);
    await chown(join(user.home, "store/roots"), 0, 0);
    const foreign = await node({ env: { CLOSED: "" } });
    expect(foreign.stdout).toMatch(/^PERMISSION_DENIED .*cacheFolder/);
  });

  const program = `
    const { oci } = await import("./packages/core/src/runtimes/oci/index.ts");
    await oci({ ociRuntime: "runc" }).probe().then(console.log, ({ code, message }) => console.log(code, message));`;

  it.each<[string, Surroundings, RegExp]>([
    ["without a cgroup of its own", { delegated: false }, /^UNSUPPORTED .*sandboxer can make no cgroups/],
    ["without subordinate ids", { subordinates: false }, /^UNSUPPORTED .*usermod --add-subuids .* sandboxer/],
    ["without newuidmap", { without: ["newuidmap"] }, /^UNSUPPORTED .*newuidmap.*apt-get install uidmap/],
    ["without newgidmap", { without: ["newgidmap"] }, /^UNSUPPORTED .*newgidmap.*apt-get install uidmap/],
    ["but not with all of that", {}, /\/runc$/],
  ])("is refused %s", async (_, surroundings, answer) => {
    const { stdout, stderr } = await user.node(["--input-type=module", "-e", program], surroundings);
    expect(stderr).toBe("");
    expect(stdout.trim()).toMatch(answer);
  });
});

describe.skipIf(whyNot !== null)("without an engine auto()", () => {
  let user: UnprivilegedUser;
  beforeAll(async () => {
    user = await UnprivilegedUser.make();
    await mkdir(join(user.home, "bin"));
    await writeFile(join(user.home, "bin/podman"), "#!/bin/sh\n", { mode: 0o755 });
  });
  afterAll(() => user?.remove());

  const program = `
    const { auto } = await import("./packages/core/src/auto.ts");
    const said = [];
    const logger = { debug() {}, info() {}, warn: (_, { absent }) => said.push(...absent) };
    console.log((await auto({ logger })).name, ...said);`;

  it.each<[string, Surroundings, RegExp]>([
    ["gives oci to a user who may limit boxes", {}, /^oci$/],
    [
      "gives embedded to one without subordinate ids",
      { subordinates: false },
      /^embedded .*usermod --add-subuids/,
    ],
    ["gives embedded to one without a cgroup", { delegated: false }, /^embedded .*can make no cgroups/],
  ])("%s", async (_, surroundings, answer) => {
    const deaf = ["/var/run/docker.sock", "/run/podman/podman.sock"].filter((path) => existsSync(path));
    const env = { PATH: `${user.home}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin` };
    const args = ["--input-type=module", "-e", program];
    const { stdout, stderr } = await user.node(args, { ...surroundings, deaf, env });
    expect(stderr).toBe("");
    expect(stdout.trim()).toMatch(answer);
  });
});

interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}
