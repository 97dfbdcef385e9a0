import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Progress } from "../../../runtime.ts";
import { hello, specFor } from "../../shared/testing/box-under-test.ts";
import { findProgram } from "../host/find-program.ts";
import { oci } from "../index.ts";
import { startRegistry } from "../testing/registry.ts";
import { folder, machine } from "./machine.ts";

const tools = findProgram("skopeo") !== null && findProgram("umoci") !== null;

// The real skopeo and umoci, and a registry of the test's own.
describe.skipIf(!machine || !tools)("an image from a registry, without an engine", () => {
  let place: Awaited<ReturnType<typeof folder>>;
  beforeEach(async () => {
    place = await folder();
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await place.remove();
  });

  /** Says in a home of the test's own that this registry has no certificate. */
  async function trust(address: string): Promise<void> {
    const settings = join(place.path, ".config/containers/registries.conf.d");
    await mkdir(settings, { recursive: true });
    await writeFile(join(settings, "test.conf"), `[[registry]]\nlocation = "${address}"\ninsecure = true\n`);
    vi.stubEnv("HOME", place.path);
    vi.stubEnv("XDG_CONFIG_HOME", undefined);
  }

  it("is fetched once, with progress, and opens boxes", async () => {
    await using registry = await startRegistry();
    await trust(registry.address);
    const progress: Progress[] = [];
    const open = async (): Promise<void> => {
      const runtime = oci({ cacheFolder: join(place.path, "cache"), imagesFrom: "tools" });
      const spec = specFor({ kind: "reference", reference: registry.image });
      const box = await runtime.launch(spec, { onProgress: (one) => progress.push(one) });
      await hello(box).finally(() => box.destroy());
    };
    await open();
    expect(progress.map(({ phase }) => phase)).toEqual(expect.arrayContaining(["pull", "prepare"]));
    const [root] = await readdir(join(place.path, "cache/roots"));
    expect(await readdir(join(place.path, "cache/roots", root!, "root/etc"))).toContain("fetched");
    const times = registry.asked.length;
    expect(times).toBeGreaterThan(3);
    await open();
    expect(registry.asked).toHaveLength(times);
  });

  it("is refused when a layer is not what its digest says, and nothing of it stays", async () => {
    await using registry = await startRegistry();
    await trust(registry.address);
    registry.falsify();
    const cacheFolder = join(place.path, "cache");
    const opening = oci({ cacheFolder, imagesFrom: "tools" }).launch(
      specFor({ kind: "reference", reference: registry.image }),
    );
    await expect(opening).rejects.toMatchObject({
      code: "IMAGE_NOT_FOUND",
      message: expect.stringMatching(/digest/i),
      remedy: expect.any(String),
    });
    expect(await readdir(join(cacheFolder, "roots"))).toEqual([]);
  });
});
