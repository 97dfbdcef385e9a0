import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SandboxSession } from "../../../session.ts";
import { specFor, until } from "../../shared/testing/box-under-test.ts";
import { docker } from "../index.ts";
import { containersOf, dockerfile, engineAt } from "./box-under-test.ts";
import { enginesUnderTest } from "./engines-under-test.ts";
import { canStartEngines, OwnEngine } from "./own-engine.ts";

// Once, however many engines are tested: with the one whose program is started here.
const possible =
  canStartEngines() && (await enginesUnderTest()).some((address) => address.endsWith("/run/docker.sock"));
const mebibyte = 1024 * 1024;

describe.skipIf(!possible)("an engine", () => {
  let image: Awaited<ReturnType<typeof dockerfile>>;
  let own: OwnEngine | undefined;
  beforeEach(async () => {
    image = await dockerfile([]);
  });
  afterEach(async () => {
    await own?.remove();
    own = undefined;
    await image.remove();
  });

  it.each([
    ["SIGKILL", []],
    ["SIGTERM", []],
    ["SIGKILL", ["--live-restore"]],
    ["SIGTERM", ["--live-restore"]],
  ] as const)(
    "that is ended by %s, started with %j, tells everybody, and has nothing left when it is back",
    async (signal, more) => {
      own = await OwnEngine.start({ dataBytes: 128 * mebibyte, more });
      const runtime = docker({ host: own.address });
      const dockerfilePath = (image.source as { readonly path: string }).path;
      const session = await SandboxSession.open({ lang: "python", dockerfile: dockerfilePath, runtime });
      await session.files.writeFile("file", "content");
      const before = await engineAt(own.address);
      const spec = specFor(image.source);
      const opening = runtime.launch(spec).then(
        (box) => ({ box, code: "opened" }),
        ({ code }: { readonly code: string }) => ({ box: null, code }),
      );
      await until(async () => (await containersOf(before, spec.sessionId)).length === 1);
      await own.kill(signal);
      await expect(session.files.readText("file")).rejects.toMatchObject({ code: "BOX_LOST" });
      expect(["ENGINE_ERROR", "BOX_START_FAILED", "BOX_LOST", "opened"]).toContain((await opening).code);
      const engine = await own.start();
      await session.close();
      await (await opening).box?.destroy();
      const left = async (): Promise<string[]> => {
        const boxes = await engine.client.json<
          readonly { readonly Names: string[]; readonly State: string }[]
        >({ method: "GET", path: "/containers/json", query: { all: 1 } }, { what: "list boxes" });
        // What the engine itself has begun to remove and could not is dead; the next program's reaper removes it.
        return boxes
          .filter(({ State }) => State !== "dead")
          .map(({ Names, State }) => `${Names[0]} ${State}`);
      };
      await expect.poll(left, { timeout: 20_000, interval: 100 }).toEqual([]);
      const next = await SandboxSession.open({ lang: "python", dockerfile: dockerfilePath, runtime });
      await next.files.writeFile("file", "content");
      await next.close();
    },
  );

  it("whose disk is full says what to do, loses no session, and goes on when there is room", async () => {
    own = await OwnEngine.start({ dataBytes: 64 * mebibyte });
    const engine = await engineAt(own.address);
    const runtime = docker({ host: own.address });
    const spec = specFor(image.source);
    const dockerfilePath = (image.source as { readonly path: string }).path;
    const session = await SandboxSession.open({ lang: "python", dockerfile: dockerfilePath, runtime });
    const filler = join(own.data, "filler");
    expect(() => {
      for (let bytes = mebibyte; bytes >= 1; bytes = Math.floor(bytes / 2)) {
        try {
          for (;;) writeFileSync(filler, Buffer.alloc(bytes), { flag: "a" });
        } catch (error) {
          if (bytes === 1) throw error;
        }
      }
    }).toThrow(/ENOSPC/);
    await expect(runtime.launch(spec)).rejects.toMatchObject({
      remedy: expect.stringMatching(/Free disk space on the engine's machine/),
    });
    expect(await containersOf(engine, spec.sessionId)).toEqual([]);
    await session.files.writeFile("file", "content");
    expect(await session.files.readText("file")).toBe("content");
    await expect(session.snapshot({ name: "llm-sandbox-test/full:1" })).rejects.toMatchObject({
      remedy: expect.stringMatching(/Free disk space/),
    });
    rmSync(filler);
    const box = await runtime.launch(spec);
    await box.destroy();
    await session.close();
  });
});
