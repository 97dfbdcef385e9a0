import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { mkdir, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ImageSource, Progress, Runtime } from "../../../runtime.ts";
import { discoverEngine } from "../../engine/discovery/discover-engine.ts";
import { inspectImage } from "../../engine/image/resolved-image.ts";
import { hello, specFor } from "../../shared/testing/box-under-test.ts";
import { findProgram } from "../host/find-program.ts";
import { oci } from "../index.ts";
import { folder, machine } from "./machine.ts";

const engine = await discoverEngine({}).then(
  ({ engine }) => engine,
  () => null,
);
const label = "llm-sandbox.test";
const index = new URL("../index.ts", import.meta.url).href;

/** A Dockerfile that no other test has, in a folder of its own. */
async function dockerfile(path: string, lines: readonly string[] = []): Promise<ImageSource> {
  const context = join(path, `context-${Math.random().toString(36).slice(2)}`);
  await mkdir(context);
  const text = ["FROM scratch", "COPY Dockerfile /etc/made-from", `LABEL ${label}=${context}`, ...lines];
  await writeFile(join(context, "Dockerfile"), `${text.join("\n")}\n`);
  return { kind: "dockerfile", path: context };
}

describe.skipIf(!machine || !engine)("images for an OCI runtime", () => {
  let place: Awaited<ReturnType<typeof folder>>;
  let cacheFolder: string;
  let progress: Progress[] = [];
  const onProgress = (one: Progress) => progress.push(one);
  beforeEach(async () => {
    progress = [];
    place = await folder();
    cacheFolder = join(place.path, "cache");
  });
  afterEach(() => place.remove());
  afterAll(async () => {
    const images = await engine!.client.json<readonly { Id: string; RepoTags?: readonly string[] | null }[]>(
      { method: "GET", path: "/images/json", query: { filters: { label: [label] } } },
      { what: "list images" },
    );
    for (const name of images.flatMap(({ Id, RepoTags }) => RepoTags ?? [Id])) {
      await engine!.client
        .json({ method: "DELETE", path: `/images/${name}`, query: { force: 1 } }, { what: "remove an image" })
        .catch(() => {});
    }
    const podman = findProgram("podman");
    if (podman) execFileSync(podman, ["image", "prune", "--all", "--force", "--filter", `label=${label}`]);
  });

  async function opens(source: ImageSource, options: Parameters<typeof oci>[0] = {}): Promise<string> {
    const box = await oci({ cacheFolder, ...options }).launch(specFor(source), { onProgress });
    try {
      await hello(box);
      return box.identity.image;
    } finally {
      await box.destroy();
    }
  }

  const removeAll = async (runtime: Runtime) =>
    Promise.all((await runtime.removable!()).map(async (one) => [one.what, await one.remove()] as const));
  const roots = () => readdir(join(cacheFolder, "roots"));
  const unpackings = () => progress.filter(({ message }) => message.startsWith("Unpacking")).length;

  it("are built by the engine, unpacked once, and need no engine afterwards", async () => {
    const source = await dockerfile(place.path, ["ENV COLOUR=green", "VOLUME /data"]);
    const box = await oci({ cacheFolder }).launch(specFor(source), { onProgress });
    await hello(box);
    expect(box.identity.env["COLOUR"]).toBe("green");
    await box.destroy();
    expect(await inspectImage(engine!.client, box.identity.image)).toMatchObject({ id: box.identity.image });
    expect(unpackings()).toBe(1);
    await opens(source, { imagesFrom: "unix:///no/such/socket" });
    expect(unpackings()).toBe(1);
    expect(await roots()).toHaveLength(1);
  });

  it("are unpacked anew when a name stands for another image", async () => {
    const first = await opens(await dockerfile(place.path));
    const second = await opens(await dockerfile(place.path));
    const tag = async (id: string) =>
      engine!.client.json(
        { method: "POST", path: `/images/${id}/tag`, query: { repo: "llm-sandbox-test/moving", tag: "1" } },
        { what: "tag an image" },
      );
    const named = { kind: "reference", reference: "llm-sandbox-test/moving:1" } as const;
    await tag(first);
    expect(await opens(named)).toBe(first);
    await tag(second);
    expect(await opens(named)).toBe(second);
  });

  it.each([
    ["a file is cut", (root: string) => truncate(join(root, "etc/made-from"), 3)],
    ["a file is gone", (root: string) => rm(join(root, "etc/made-from"))],
    ["a file is added", (root: string) => writeFile(join(root, "etc/more"), "")],
    ["everything is gone", (root: string) => rm(root, { recursive: true })],
    ["the description is cut", (root: string) => truncate(join(root, "../image.json"), 20)],
    ["the description is gone", (root: string) => rm(join(root, "../image.json"))],
  ])("are unpacked again when %s", async (_, damage) => {
    const source = await dockerfile(place.path);
    const before = await opens(source);
    const [key] = await roots();
    await damage(join(cacheFolder, "roots", key!, "root"));
    expect(await opens(source)).toBe(before);
    expect(unpackings()).toBe(2);
    expect(readdirSync(join(cacheFolder, "roots", key!, "root/etc"))).toContain("made-from");
  });

  it("are unpacked again when another program has removed what this one has used", async () => {
    const source = await dockerfile(place.path);
    const runtime = oci({ cacheFolder });
    const open = async () => {
      const box = await runtime.launch(specFor(source), { onProgress });
      await hello(box);
      await box.destroy();
    };
    await open();
    await open();
    expect(unpackings()).toBe(1);
    await removeAll(oci({ cacheFolder }));
    expect(await roots()).toEqual([]);
    await open();
    expect(unpackings()).toBe(2);
  });

  it("are not removed while a box of whatever program is made of them, and with their names afterwards", async () => {
    const source = await dockerfile(place.path);
    const box = await oci({ cacheFolder }).launch(specFor(source));
    try {
      await hello(box);
      expect(await removeAll(oci({ cacheFolder }))).toEqual([]);
      const program = `
        const { removableFiles } = await import(${JSON.stringify(new URL("../removable.ts", import.meta.url).href)});
        console.log(JSON.stringify(await removableFiles(${JSON.stringify(cacheFolder)}, ${JSON.stringify(place.path)}, [])));`;
      const elsewhere = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
        encoding: "utf8",
      });
      expect(JSON.parse(elsewhere)).toEqual([]);
    } finally {
      await box.destroy();
    }
    const removed = await removeAll(oci({ cacheFolder }));
    expect(removed).toEqual([
      [expect.stringMatching(/^root llm-sandbox\/build:/), true],
      [expect.stringMatching(/^agent /), true],
    ]);
    expect([await roots(), await readdir(join(cacheFolder, "names"))]).toEqual([[], []]);
  });

  it("that a box has begun to use since they were listed stay", async () => {
    const source = await dockerfile(place.path);
    const runtime = oci({ cacheFolder });
    await runtime.prepare!(specFor(source));
    const listed = (await runtime.removable!()).filter(({ what }) => what.startsWith("root"));
    const box = await runtime.launch(specFor(source));
    try {
      await hello(box);
      expect(await Promise.all(listed.map((one) => one.remove()))).toEqual([false]);
      expect(await roots()).toHaveLength(1);
    } finally {
      await box.destroy();
    }
    expect(await Promise.all(listed.map((one) => one.remove()))).toEqual([true]);
    expect(await Promise.all(listed.map((one) => one.remove()))).toEqual([false]);
  });

  it("are unpacked by one of several programs that want them at once", async () => {
    const source = await dockerfile(place.path);
    const program = `
      const { oci } = await import(${JSON.stringify(index)});
      const onProgress = ({ message }) => console.log(message);
      await oci({ cacheFolder: ${JSON.stringify(cacheFolder)} }).prepare(${JSON.stringify(specFor(source))}, { onProgress });`;
    const said = await Promise.all(
      [1, 2, 3].map(async () => {
        const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        let text = "";
        child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        expect(await once(child, "close")).toEqual([0, null]);
        return text;
      }),
    );
    expect(said.join("").match(/^Unpacking/gm)).toHaveLength(1);
    expect(await roots()).toHaveLength(1);
  });

  it.each([
    ["the engine", undefined],
    ["a tool", "tools"],
  ])(
    "that do not fit on the disk are refused with what to do, and leave nothing, when %s has them",
    async (_, from) => {
      if (from === "tools" && !findProgram("podman")) return;
      const source = await dockerfile(place.path, ["COPY large /"]);
      await writeFile(join((source as { path: string }).path, "large"), randomBytes(6 * 2 ** 20));
      await mkdir(cacheFolder);
      // Room for the agent.
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=5M,mode=755", "none", cacheFolder]);
      try {
        const attempt = opens(source, from === undefined ? {} : { imagesFrom: from });
        await expect(attempt).rejects.toMatchObject({
          code: "DISK_FULL",
          remedy: expect.stringMatching(/^Free /),
        });
        expect(await roots()).toEqual([]);
      } finally {
        execFileSync("umount", [cacheFolder]);
      }
    },
  );

  it.skipIf(!findProgram("podman"))(
    "are got by one of several programs where there is no engine",
    async () => {
      const source = await dockerfile(place.path);
      const options = JSON.stringify({ cacheFolder, imagesFrom: "tools" });
      const program = `
      const { oci } = await import(${JSON.stringify(index)});
      const onProgress = ({ message }) => console.log(message);
      await oci(${options}).prepare(${JSON.stringify(specFor(source))}, { onProgress });`;
      const said = await Promise.all(
        [1, 2, 3].map(async () => {
          const args = ["--input-type=module", "-e", program];
          const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
          return text(child.stdout);
        }),
      );
      expect(said.join("").match(/^Building the image/gm)).toHaveLength(1);
      expect(said.join("").match(/^Another program is getting/gm)).toHaveLength(2);
      expect(await roots()).toHaveLength(1);
    },
  );

  it("leave nothing behind when unpacking is aborted", async () => {
    const source = await dockerfile(place.path);
    const abort = new AbortController();
    const attempt = oci({ cacheFolder }).launch(specFor(source), {
      signal: abort.signal,
      onProgress: ({ message }) => {
        if (message.startsWith("Unpacking")) abort.abort(new Error("changed my mind"));
      },
    });
    await expect(attempt).rejects.toThrow("changed my mind");
    await expect.poll(roots).toEqual([]);
    await opens(source);
  });

  it.each(["unix:///no/such/socket", "tcp://x"])(
    "are not looked for in an engine that was named and is not there: %s",
    async (imagesFrom) => {
      const source = await dockerfile(place.path);
      const error = await opens(source, { imagesFrom }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "ENGINE_NOT_FOUND" });
      expect((error as Error).message).toContain("named by oci({ imagesFrom })");
      expect((error as Error).message).not.toContain("docker({ host })");
    },
  );

  it("that nobody has are refused", async () => {
    const source = { kind: "reference", reference: "llm-sandbox-test/none:1" } as const;
    await expect(opens(source, { pull: "never" })).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
    await expect(opens(source, { pull: "never", imagesFrom: "tools" })).rejects.toMatchObject({
      code: "IMAGE_NOT_FOUND",
    });
  });

  it.skipIf(!findProgram("podman") && !findProgram("buildah"))(
    "are built by a tool where there is no engine",
    async () => {
      const source = await dockerfile(place.path, ["ENV COLOUR=blue"]);
      const box = await oci({ cacheFolder, imagesFrom: "tools" }).launch(specFor(source), { onProgress });
      await hello(box);
      await box.destroy();
      expect(box.identity.env["COLOUR"]).toBe("blue");
      const [key] = await roots();
      expect(readdirSync(join(cacheFolder, "roots", key!, "root/etc"))).toContain("made-from");
    },
  );

  it("that cannot be fetched say so", async () => {
    const source = { kind: "reference", reference: "localhost:1/none:1" } as const;
    await expect(opens(source, { imagesFrom: "tools" })).rejects.toMatchObject({
      code: expect.stringMatching(/^(IMAGE_NOT_FOUND|ENGINE_NOT_FOUND)$/),
    });
  });
});
