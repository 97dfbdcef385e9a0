import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MachineUnderTest } from "./runtimes/oci/testing/machine-under-test.ts";
import { findProgram } from "./runtimes/oci/host/find-program.ts";
import { oci } from "./runtimes/oci/index.ts";

const machine = await MachineUnderTest.find();
const script = join(import.meta.dirname, "../../../scripts/machine-without.sh");
const nobody = "65534";
/** A socket of Docker's that nobody listens on, and only root may open. */
const deadSocket = `"$NODE" -e "require('net').createServer().listen('/run/docker.sock', () => process.exit())"`;

interface Parts {
  readonly hidden?: string;
  readonly replaced?: string;
  readonly prepare?: string;
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
}

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-sandbox-auto-"));
  await chmod(folder, 0o777);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What a program prints that chooses, or opens a session, on this machine without some of its parts. */
async function there(parts: Parts, options: object, what: "auto" | "open" = "auto"): Promise<Told> {
  const program = `
    const { auto } = await import("/run/workspace/packages/core/src/auto.ts");
    const { SandboxSession } = await import("/run/workspace/packages/core/src/session.ts");
    const said = [];
    const onProgress = ({ message }) => said.push(message);
    const logger = { debug() {}, info() {}, warn: (message, { absent }) => said.push(...absent) };
    const options = { ...${JSON.stringify(options)}, onProgress, logger };
    try {
      const open = async () => ({ name: (await SandboxSession.open(options)).facts.runtime });
      const { name } = await ${what === "auto" ? "auto(options)" : "open()"};
      console.log(JSON.stringify({ name, said }));
    } catch ({ code, message, details }) {
      console.log(JSON.stringify({ code, message, details, said }));
    }
    process.exit();`;
  const child = spawn("sh", [script, "/run/node", "--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],
      HOME: folder,
      XDG_CACHE_HOME: join(folder, "cache"),
      HIDDEN: parts.hidden,
      REPLACED: parts.replaced,
      PREPARE: parts.prepare,
      AS_USER: parts.user,
      ...parts.env,
    },
  });
  return JSON.parse(await text(child.stdout)) as Told;
}

interface Told {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly said: readonly string[];
}

const tools = "podman buildah skopeo umoci";
const runtimes = "crun runc youki runsc";

describe.skipIf(!machine)("without an engine", () => {
  test("root with an OCI runtime and something to build images with gets oci, and is told", async () => {
    const { name, said } = await there({ replaced: "podman=/bin/true" }, {});
    expect(name).toBe("oci");
    expect(said).toEqual([
      expect.stringMatching(/^Using the runtime oci: .*user namespace.*Stronger: .*runsc/),
    ]);
  });

  test("no OCI runtime is the embedded runtime, with what to install", async () => {
    const { name, said } = await there({ hidden: `${runtimes} ${tools}` }, {});
    expect(name).toBe("embedded");
    expect(said.join("\n")).toMatch(
      /docker: No Docker or Podman engine[^]*oci: .*no OCI runtime.*apt-get install/,
    );
    expect(said.join("\n")).toMatch(/Using the runtime embedded: .*Stronger: containers/);
  });

  test("an OCI runtime alone, as Docker's packages leave it, is the embedded runtime", async () => {
    const { name, said } = await there({ hidden: tools, prepare: deadSocket }, {});
    expect(name).toBe("embedded");
    expect(said.join("\n")).toMatch(/oci: There is nothing here to build .*`apt-get install buildah`/);
  });

  test("an image by name needs other tools than one that is built", async () => {
    const image = { kind: "reference", reference: "debian:trixie-slim" };
    const { name } = await there({ hidden: tools, replaced: "skopeo=/bin/true umoci=/bin/true" }, { image });
    expect(name).toBe("oci");
    const { message } = await there({ hidden: tools, replaced: "buildah=/bin/true" }, { image });
    expect(message).toMatch(/oci: There is nothing here to fetch .*`apt-get install skopeo umoci`/);
  });

  test("nobody else gets oci where its boxes could not be limited", async () => {
    const { name, said } = await there({ user: nobody, replaced: "podman=/bin/true" }, {});
    expect(name).toBe("embedded");
    expect(said.join("\n")).toMatch(/oci: /);
  });

  test("the environment's choice is taken, whatever is there", async () => {
    const env = { LLM_SANDBOX_RUNTIME: "embedded" };
    expect(await there({ replaced: "podman=/bin/true", env }, {})).toEqual({ name: "embedded", said: [] });
  });

  test("an image that cannot be had is an error that names the weaker runtime, for a language that it has", async () => {
    const parts = { replaced: "podman=/bin/false" };
    const hint = "To use a weaker runtime instead, set LLM_SANDBOX_RUNTIME=embedded.";
    const python = await there(parts, { lang: "python" }, "open");
    expect(python).toMatchObject({ code: "IMAGE_BUILD_FAILED", message: expect.stringContaining(hint) });
    const java = await there(parts, { lang: "java" }, "open");
    expect(java).toMatchObject({ code: "IMAGE_BUILD_FAILED", message: expect.not.stringContaining(hint) });
  });

  test.skipIf(!findProgram("podman")).each([
    ["fails", "echo broken to pieces >&2; exit 1", "BOX_START_FAILED", "broken to pieces"],
    ["hangs", "exec sleep 1000", "ENGINE_TIMEOUT", "did not start a box in 30000 ms"],
  ])("an OCI runtime that %s is an error, and nothing weaker is taken", async (_, line, expected, why) => {
    const script = join(folder, "script");
    await writeFile(script, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
    const pairs = runtimes.split(" ").map((name) => `${name}=${script}`);
    const context = join(folder, "context");
    await mkdir(context);
    await writeFile(join(context, "Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
    const parts = { replaced: pairs.join(" ") };
    const { code, message } = await there(parts, { dockerfile: context }, "open");
    expect({ code, message }).toEqual({ code: expected, message: expect.stringContaining(why) });
  });
});

describe.skipIf(!machine)("with an engine that cannot be used", () => {
  test("one of other users is an error, also beside an OCI runtime", async () => {
    const prepare = `${deadSocket}; chmod 600 /run/docker.sock`;
    const { code, message } = await there({ user: nobody, prepare }, {});
    expect(code).toBe("ENGINE_NOT_FOUND");
    expect(message).toMatch(/usermod -aG docker.*LLM_SANDBOX_RUNTIME=embedded/);
  });

  test("one that was named is an error", async () => {
    const env = { DOCKER_HOST: "unix:///run/nowhere.sock" };
    const { code, message } = await there({ env, replaced: "podman=/bin/true" }, {});
    expect({ code, message }).toEqual({
      code: "ENGINE_NOT_FOUND",
      message: expect.stringContaining("DOCKER_HOST"),
    });
  });
});

test.skipIf(!machine || !findProgram("podman"))(
  "without an engine and its tools oci is taken for images that it has stored, and for no others",
  async () => {
    const contexts = ["stored", "other"].map((name) => join(folder, name));
    for (const context of contexts) {
      await mkdir(context);
      await writeFile(
        join(context, "Dockerfile"),
        `FROM scratch\nCOPY Dockerfile /\nLABEL made-for=${context}\n`,
      );
    }
    const [stored, other] = contexts.map((path) => ({ kind: "dockerfile", path }) as const);
    const cacheFolder = join(folder, "cache/llm-sandbox");
    await mkdir(join(folder, "cache"), { mode: 0o755 });
    const spec = { sessionId: "auto", network: "none", workspace: "/workspace", limits } as const;
    await oci({ cacheFolder, imagesFrom: "tools" }).prepare!({ ...spec, image: stored! });
    expect(await there({ hidden: tools }, { image: stored })).toMatchObject({ name: "oci" });
    expect(await there({ hidden: tools }, { image: other })).toMatchObject({
      code: "ENGINE_NOT_FOUND",
      message: expect.stringContaining("nothing here to build"),
    });
    // What is damaged and cannot be made again is an error, too.
    const [key] = await readdir(join(cacheFolder, "roots"));
    await rm(join(cacheFolder, "roots", key!, "root/Dockerfile"));
    expect(await there({ hidden: tools }, { dockerfile: stored!.path }, "open")).toMatchObject({
      code: "ENGINE_NOT_FOUND",
      message: expect.stringMatching(/nothing here to build.*apt-get install buildah/),
    });
  },
);

const limits = {
  memoryBytes: 64 * 2 ** 20,
  cpus: 1,
  processes: 16,
  diskBytes: 2 ** 20,
  diskEntries: 16,
  openFiles: 64,
  lifetimeMs: 60_000,
};
