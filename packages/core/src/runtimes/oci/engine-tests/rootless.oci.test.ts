import { existsSync } from "node:fs";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { discoverEngine } from "../../engine/discovery/discover-engine.ts";
import { UnprivilegedUser } from "../testing/unprivileged-user.ts";
import type { Surroundings } from "../testing/unprivileged-user.ts";

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

  it("opens none where somebody else has made the folder of his boxes, or a link in its place", async () => {
    const launch = `
      const { oci } = await import("./packages/core/src/runtimes/oci/index.ts");
      const { specFor } = await import("./packages/core/src/runtimes/shared/testing/box-under-test.ts");
      const spec = specFor({ kind: "language", language: "none", folder: "/none" });
      const rootfs = process.env.HOME + "/root";
      (await import("node:fs")).mkdirSync(rootfs, { recursive: true });
      const attempt = oci({ rootfs, ociRuntime: "runc" }).launch(spec);
      await attempt.then((box) => box.destroy(), ({ code, message }) => console.log(code, message));`;
    for (const obstruct of [
      () => mkdir(user.runFolder, { mode: 0o777 }),
      () => symlink(user.home, user.runFolder),
    ]) {
      await rm(user.runFolder, { recursive: true, force: true });
      await obstruct();
      const { stdout } = await user.node(["--input-type=module", "-e", launch]);
      expect(stdout).toMatch(/^PERMISSION_DENIED .*llm-sandbox-run-/);
    }
    await rm(user.runFolder);
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
