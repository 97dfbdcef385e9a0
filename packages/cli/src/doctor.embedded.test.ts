import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { end, type Ended, type MachineWithout, start } from "./testing/command-under-test.ts";

const nobody = "65534";
const everything = "crun runc youki runsc podman buildah skopeo umoci";
const root = join(import.meta.dirname, "../../..");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cli-test-"));
  await chmod(folder, 0o777);
});
afterAll(() => rm(folder, { recursive: true }));

/** What doctor says to a user without rights, on this machine without engines, OCI runtimes and more. */
async function doctor(without: MachineWithout, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const own = { HOME: folder, XDG_CACHE_HOME: join(folder, "cache"), DOCKER_HOST: undefined, NO_COLOR: "1" };
  const parts = { hidden: everything, user: nobody, ...without };
  return end(start(["doctor"], { cwd: folder, without: parts, env: { ...own, ...env } }));
}

/** Where the Deno of the npm package is in the workspace as the command sees it. */
function denoHere(): string {
  const core = createRequire(join(root, "packages/core/package.json"));
  const deno = createRequire(realpathSync(core.resolve("deno/package.json")));
  const name = `@deno/linux-${process.arch}-glibc`;
  return join(
    "/run/workspace",
    relative(root, join(dirname(realpathSync(deno.resolve(`${name}/package.json`))), "deno")),
  );
}

describe.skipIf(process.platform !== "linux" || process.getuid?.() !== 0)("doctor", () => {
  test("on a bare machine opens an embedded box, and says what else to get", async () => {
    const { exitCode, stdout } = await doctor({});
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^docker .*\n {2}✗ No Docker or Podman engine.*\n *- \d+ usual places: there is no such socket\n *Install and start one/,
    );
    expect(stdout).toMatch(/\noci .*\n {2}✗ There is no OCI runtime.*apt-get install/);
    expect(stdout).toMatch(/\nembedded .*\n {2}✓ deno .*\n.*ran print\(6 \* 7\)/);
  });

  test("names the way to an engine of other users", async () => {
    const prepare = `"$NODE" -e "require('net').createServer().listen('/run/docker.sock', () => process.exit())"; chmod 600 /run/docker.sock`;
    expect((await doctor({ prepare })).stdout).toMatch(/connect EACCES[^]*usermod -aG docker/);
  });

  test("without subordinate ids or rights to cgroups says that oci cannot be", async () => {
    const { exitCode, stdout } = await doctor({ hidden: "podman buildah" });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/\noci .*\n {2}✗ [A-Z].*\n/);
  });

  test("without Deno says what to install, and that nothing works", async () => {
    const { exitCode, stdout } = await doctor({ prepare: `mount --bind /dev/null ${denoHere()}` });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/\nembedded .*\n {2}✗ .*npm install deno@/);
  });

  test("with a broken Deno says what that said", async () => {
    const broken = join(folder, "broken");
    await writeFile(broken, "#!/bin/sh\necho broken to pieces >&2\nexit 1\n", { mode: 0o755 });
    const cache = { XDG_CACHE_HOME: join(folder, "other-cache") };
    const { exitCode, stdout } = await doctor({ prepare: `mount --bind ${broken} ${denoHere()}` }, cache);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/\nembedded .*\n {2}✗ .*broken to pieces/);
  });

  test("with a full or read-only cache works, and says what that costs", async () => {
    const small = join(folder, "small");
    await mkdir(small);
    for (const [option, why] of [
      ["size=1M,mode=777", "ENOSPC"],
      ["ro", "(ENOENT|EROFS)"],
    ] as const) {
      const prepare = `mount -t tmpfs -o ${option} none ${small}`;
      const { exitCode, stderr } = await doctor({ prepare }, { XDG_CACHE_HOME: small });
      expect(exitCode).toBe(0);
      expect(stderr).toMatch(new RegExp(`cannot be kept in ${small}.*${why}.*pass embedded`));
    }
  });

  test("with no disk at all says so", async () => {
    const prepare = `mount -t tmpfs -o size=1M,mode=777 none ${folder}`;
    const env = { TMPDIR: folder, XDG_CACHE_HOME: folder };
    const { exitCode, stdout } = await doctor({ prepare }, env);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/\nembedded .*\n {2}✗ .*the disk is full.*Free disk space/);
  });

  test("of a cache that oci cannot write says so, and goes on", async () => {
    const small = join(folder, "small");
    await mkdir(small, { recursive: true });
    const parts = {
      hidden: "",
      user: "",
      replaced: "podman=/bin/true",
      prepare: `mount -t tmpfs -o ro none ${small}`,
    };
    const { stdout } = await doctor(parts, { XDG_CACHE_HOME: small });
    expect(stdout).toMatch(
      /\noci .*\n {2}✗ .*small.* cannot be written.*Give this user the folder[^]*\nembedded .*\n {2}✓/,
    );
  });
});
