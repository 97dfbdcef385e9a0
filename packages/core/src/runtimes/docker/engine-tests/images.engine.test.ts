import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Progress, Runtime } from "../../../runtime.ts";
import { findAgentBinary } from "../../shared/agent-binary.ts";
import { agentVolumeName } from "../agent/agent-volume.ts";
import { removeOldAgentVolumes } from "../agent/old-agent-volumes.ts";
import { DockerRuntime } from "../docker-runtime.ts";
import type { Engine } from "../../engine/engine.ts";
import { planBuild } from "../../engine/image/build-image.ts";
import { inspectImage } from "../../engine/image/resolved-image.ts";
import { docker } from "../index.ts";
import { label, ownerOf } from "../../engine/labels.ts";
import { tarArchive } from "../../shared/tar-archive.ts";
import { hello, specFor } from "../../shared/testing/box-under-test.ts";
import { dockerfile, engineAt, removeTestImages } from "./box-under-test.ts";
import { enginesUnderTest } from "./engines-under-test.ts";

const engines = await enginesUnderTest();
const runtimeModule = new URL("../docker-runtime.ts", import.meta.url).href;
const templatePath = "/.llm-sandbox/workspace.tar";

describe.skipIf(engines.length === 0).each(engines)("images on %s", (address) => {
  let engine: Engine;
  let runtime: Runtime;
  beforeAll(async () => {
    engine = await engineAt(address);
    runtime = docker({ host: address });
  });
  afterAll(() => removeTestImages(engine));

  const build = async (lines: string[], runtimeToUse = runtime) => {
    const image = await dockerfile(lines);
    const steps: Progress[] = [];
    const spec = specFor(image.source);
    await runtimeToUse.prepare?.(spec, { onProgress: (progress) => steps.push(progress) });
    return { ...image, spec, steps };
  };

  const fileIn = async (reference: string, path: string) => {
    const image = await inspectImage(engine.client, reference);
    const { Id } = await engine.client.json<{ Id: string }>(
      { method: "POST", path: "/containers/create", body: { Image: image?.id, Cmd: ["/nothing"] } },
      { what: "create a container" },
    );
    try {
      const answer = await engine.client.stream(
        { method: "GET", path: `/containers/${Id}/archive`, query: { path } },
        { what: "read a file" },
      );
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    } finally {
      await engine.client.json(
        { method: "DELETE", path: `/containers/${Id}`, query: { v: 1 } },
        { what: "remove it" },
      );
    }
  };

  it("that are nowhere are IMAGE_NOT_FOUND, with the registry's words", async () => {
    const reference = "registry.invalid/nobody/nothing:1";
    const attempt = runtime.launch(specFor({ kind: "reference", reference }));
    await expect(attempt).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND", remedy: expect.any(String) });
    const never = docker({ host: address, pull: "never" });
    await expect(never.launch(specFor({ kind: "reference", reference }))).rejects.toMatchObject({
      code: "IMAGE_NOT_FOUND",
      message: expect.stringContaining("docker pull"),
    });
    const id = `sha256:${"0".repeat(64)}`;
    await expect(runtime.launch(specFor({ kind: "reference", reference: id }))).rejects.toMatchObject({
      code: "IMAGE_NOT_FOUND",
    });
  });

  it("can be removed unless a container is made of them, also by one that has begun since they were listed", async () => {
    const { spec, source } = await build([`ENV TEST=${randomBytes(8).toString("hex")}`]);
    const box = await runtime.launch(spec);
    const { tag } = await planBuild(source as { kind: "dockerfile"; path: string });
    const find = async () => (await runtime.removable!()).find(({ what }) => what.endsWith(tag));
    expect(await find()).toBeUndefined();
    await box.destroy();
    const listed = (await find())!;
    expect(listed.where).toBe(`${engine.kind} at ${engine.client.address}`);
    expect(listed.bytes).toBeGreaterThan(0);
    expect(Math.abs(Date.now() - listed.since!)).toBeLessThan(3_600_000);
    const other = await runtime.launch(spec);
    try {
      expect(await listed.remove()).toBe(false);
    } finally {
      await other.destroy();
    }
    expect(await listed.remove()).toBe(true);
    expect(await listed.remove()).toBe(false);
    expect(await find()).toBeUndefined();
  });

  it("are built from a Dockerfile once, until its folder changes", async () => {
    const unique = randomBytes(8).toString("hex");
    const { folder, spec, steps, remove } = await build([`LABEL unique=${unique}`]);
    expect(steps.map(({ phase }) => phase)).toContain("build");
    expect(steps.some(({ message }) => message.includes(unique))).toBe(true);
    const again: Progress[] = [];
    await runtime.prepare?.(spec, { onProgress: (progress) => again.push(progress) });
    expect(again).toEqual([]);
    await writeFile(join(folder, "more"), "x");
    await runtime.prepare?.(spec, { onProgress: (progress) => again.push(progress) });
    expect(again.length).toBeGreaterThan(0);
    await remove();
  });

  it("are built once when two ask at once", async () => {
    const image = await dockerfile([`LABEL unique=${randomBytes(8).toString("hex")}`]);
    const steps: string[] = [];
    const onProgress = ({ message }: Progress) => steps.push(message);
    const other = docker({ host: address });
    await Promise.all(
      [runtime, other, runtime].map((one) => one.prepare?.(specFor(image.source), { onProgress })),
    );
    expect(steps.filter((message) => message.startsWith("Building the image"))).toHaveLength(1);
    await image.remove();
  });

  it("whose build fails are IMAGE_BUILD_FAILED with what it said", async () => {
    await expect(build(["COPY nothing-of-the-kind /"])).rejects.toMatchObject({
      code: "IMAGE_BUILD_FAILED",
      message: expect.stringMatching(/nothing-of-the-kind/),
    });
    await expect(build(["FLY to the moon"])).rejects.toMatchObject({ code: "IMAGE_BUILD_FAILED" });
  });

  it("of languages have the host's certificates in their context", async () => {
    const image = await dockerfile(["COPY certificates/README /README"]);
    const source = { kind: "language", language: "test", folder: image.folder } as const;
    const box = await runtime.launch(specFor(source));
    await hello(box);
    await box.destroy();
    await image.remove();
    const absent = specFor({ ...source, folder: "/nowhere" });
    await expect(runtime.launch(absent)).rejects.toMatchObject({ code: "LANGUAGE_UNAVAILABLE" });
  });

  it("for another processor are IMAGE_PLATFORM", async () => {
    const other = engine.architecture === "amd64" ? "arm64" : "amd64";
    const reference = `llm-sandbox-test/platform:${randomBytes(4).toString("hex")}`;
    await loadImage(engine, reference, other);
    try {
      const attempt = runtime.launch(specFor({ kind: "reference", reference }));
      await expect(attempt).rejects.toMatchObject({
        code: "IMAGE_PLATFORM",
        message: expect.stringContaining(other),
      });
    } finally {
      await engine.client.json({ method: "DELETE", path: `/images/${reference}` }, { what: "remove it" });
    }
  });

  it("of kept workspaces have the workspace and the base's own configuration", async () => {
    const { spec, remove } = await build([
      'ENTRYPOINT ["/start"]',
      "USER 5",
      "ENV A=b",
      'CMD ["x"]',
      "VOLUME /v",
    ]);
    const base = await runtime.launch(spec);
    const { image } = base.identity;
    await base.destroy();
    const content = randomBytes(300_000).toString("base64");
    const save = (name: string | undefined, workspace: Readable) =>
      runtime.saveTemplate!({ base: image, workspace, path: templatePath, name });
    const first = await save(undefined, Readable.from([content.slice(0, 1000), content.slice(1000)]));
    const second = await save(undefined, Readable.from(["two"]));
    expect(first.reference).not.toBe(second.reference);
    expect(await fileIn(first.reference, templatePath)).toContain(content);
    const name = `llm-sandbox-test/named:${randomBytes(4).toString("hex")}`;
    expect(await save(name, Readable.from(["three"]))).toEqual({ reference: name });
    const replaced = await inspectImage(engine.client, name);
    expect(await save(name, Readable.from(["four"]))).toEqual({ reference: name });
    expect(await inspectImage(engine.client, replaced!.id)).toBe(null);
    expect(await fileIn(name, templatePath)).toContain("four");
    const config = async (of: string) =>
      (
        await engine.client.json<{ Config: Record<string, unknown> }>(
          { method: "GET", path: `/images/${of}/json` },
          { what: "look at an image" },
        )
      ).Config;
    const [before, after] = [await config(image), await config(first.reference)];
    for (const key of ["Entrypoint", "Cmd", "User", "Volumes"]) {
      expect([key, after[key] ?? null]).toEqual([key, before[key] ?? null]);
    }
    expect(ownerOf(after["Labels"] as Record<string, string>)).toBe(null);
    expect(after["Env"]).toEqual(expect.arrayContaining(["A=b"]));
    const box = await runtime.launch(specFor({ kind: "reference", reference: first.reference }));
    await hello(box);
    await box.destroy();
    await remove();
  });

  it("of workspaces that break off are not made", async () => {
    const { spec, remove } = await build([]);
    const box = await runtime.launch(spec);
    const name = `llm-sandbox-test/broken:${randomBytes(4).toString("hex")}`;
    const workspace = Readable.from(
      (async function* () {
        yield "some";
        throw new Error("the box has ended");
      })(),
    );
    const request = { base: box.identity.image, workspace, path: templatePath, name };
    await expect(runtime.saveTemplate!(request)).rejects.toThrow("the box has ended");
    const abort = new AbortController();
    const never = new Readable({ read() {} });
    const saving = runtime.saveTemplate!({ ...request, workspace: never }, { signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(saving).rejects.toThrow("enough");
    expect(never.destroyed).toBe(true);
    expect(await inspectImage(engine.client, name)).toBe(null);
    await box.destroy();
    await remove();
  });

  describe("and the agent's volume", () => {
    // Bytes after the end of a program do not matter to it, but make it another one.
    const another = async () => {
      const { bytes } = await findAgentBinary(engine.architecture);
      return Buffer.concat([bytes, randomBytes(16)]);
    };
    const hashOf = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);
    const removeVolume = (name: string) =>
      engine.client.json({ method: "DELETE", path: `/volumes/${name}` }, { what: "remove a volume" });

    it("is filled once by several processes that need it at once", async () => {
      const { spec, folder, remove } = await build([]);
      const bytes = await another();
      await writeFile(join(folder, "agent"), bytes);
      const script = `
        const { readFile } = await import("node:fs/promises");
        const { DockerRuntime } = await import(${JSON.stringify(runtimeModule)});
        const bytes = await readFile(${JSON.stringify(join(folder, "agent"))});
        const runtime = new DockerRuntime({ host: ${JSON.stringify(address)}, pull: "never" }, async () => ({ bytes, hash: ${JSON.stringify(hashOf(bytes))} }));
        const box = await runtime.launch({ ...${JSON.stringify(spec)}, image: { kind: "reference", reference: process.argv[1] } });
        await new Promise((resolve) => setTimeout(resolve, 300));
        console.log(await Promise.race([box.gone, "alive"]));
        await box.destroy();
        process.exit(0);
      `;
      const box = await runtime.launch(spec);
      await box.destroy();
      const outputs = await Promise.all(
        [1, 2, 3].map(async () => {
          const child = spawn(process.execPath, ["--input-type=module", "-e", script, box.identity.image], {
            stdio: ["ignore", "pipe", "inherit"],
          });
          let output = "";
          child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
          await once(child, "close");
          return output.trim();
        }),
      );
      expect(outputs).toEqual(["alive", "alive", "alive"]);
      await removeVolume(agentVolumeName({ bytes, hash: hashOf(bytes) }, engine.architecture));
      await remove();
    });

    it("is removed a week after it was made, unless it is in use", async () => {
      const names = ["old", "kept", "used"].map(
        (name) => `llm-sandbox-agent-test-${name}-${randomBytes(4).toString("hex")}`,
      );
      const [, kept, used] = names as [string, string, string];
      for (const Name of names) {
        await engine.client.json(
          { method: "POST", path: "/volumes/create", body: { Name, Labels: { [label.kind]: "agent" } } },
          { what: "create a volume" },
        );
      }
      const { spec, remove } = await build([]);
      const box = await runtime.launch(spec);
      await box.destroy();
      const { Id } = await engine.client.json<{ Id: string }>(
        {
          method: "POST",
          path: "/containers/create",
          body: {
            Image: box.identity.image,
            Cmd: ["/nothing"],
            HostConfig: { Mounts: [{ Type: "volume", Source: used, Target: "/v" }] },
          },
        },
        { what: "create a container" },
      );
      const listed = async () => {
        const { Volumes } = await engine.client.json<{ Volumes: { Name: string }[] }>(
          { method: "GET", path: "/volumes" },
          { what: "list volumes" },
        );
        return Volumes.map(({ Name }) => Name)
          .filter((name) => names.includes(name))
          .sort();
      };
      await removeOldAgentVolumes(engine.client, new Set([kept]));
      expect(await listed()).toEqual([...names].sort());
      await removeOldAgentVolumes(engine.client, new Set([kept]), Date.now() + 8 * 24 * 60 * 60_000);
      expect(await listed()).toEqual([kept, used].sort());
      await engine.client.json({ method: "DELETE", path: `/containers/${Id}` }, { what: "remove it" });
      for (const name of [kept, used]) await removeVolume(name);
      await remove();
    });

    it("is filled again when it is empty, cut off or gone", async () => {
      const { spec, remove } = await build([]);
      const bytes = await another();
      const binary = { bytes, hash: hashOf(bytes) };
      const volume = agentVolumeName(binary, engine.architecture);
      const own = new DockerRuntime({ host: address }, async () => binary);
      await engine.client.json(
        { method: "POST", path: "/volumes/create", body: { Name: volume } },
        { what: "create an empty volume" },
      );
      for (let round = 0; round < 2; round += 1) {
        const box = await own.launch(spec);
        expect(await hello(box)).toMatchObject({ version: 1 });
        await box.destroy();
        // As a person who tidies up the engine does while this program runs.
        await removeVolume(volume);
      }
      await remove();
    });
  });
});

/** Loads an image without any content that claims to be for a processor. */
async function loadImage(engine: Engine, reference: string, architecture: string): Promise<void> {
  const collect = async (stream: Readable) => {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  };
  const layer = await collect(
    tarArchive(async (archive) => void archive.entry({ name: "a" }, randomBytes(4).toString("hex"))),
  );
  const config = JSON.stringify({
    architecture,
    os: "linux",
    config: { Cmd: ["/a"] },
    rootfs: { type: "layers", diff_ids: [`sha256:${createHash("sha256").update(layer).digest("hex")}`] },
  });
  const name = createHash("sha256").update(config).digest("hex");
  const manifest = [{ Config: `${name}.json`, RepoTags: [reference], Layers: ["layer.tar"] }];
  const archive = tarArchive(async (archive) => {
    archive.entry({ name: "layer.tar" }, layer);
    archive.entry({ name: `${name}.json` }, config);
    archive.entry({ name: "manifest.json" }, JSON.stringify(manifest));
  });
  const answer = await engine.client.stream(
    { method: "POST", path: "/images/load", headers: { "Content-Type": "application/x-tar" } },
    { what: "load an image" },
    archive,
  );
  await collect(answer);
}
