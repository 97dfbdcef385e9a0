import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Box, Runtime } from "../../../runtime.ts";
import type { Engine } from "../../engine/engine.ts";
import { docker } from "../index.ts";
import { label, ownedLabels } from "../../engine/labels.ts";
import { thisOwner } from "../../shared/owner.ts";
import { reapAbandoned } from "../reaper.ts";
import { silentLogger } from "../../../logger.ts";
import { hello, specFor, until } from "../../shared/testing/box-under-test.ts";
import { containersOf, dockerfile, engineAt, removeTestImages } from "./box-under-test.ts";
import { enginesUnderTest } from "./engines-under-test.ts";

const engines = await enginesUnderTest();

describe.skipIf(engines.length === 0).each(engines)("boxes on %s", (address) => {
  let engine: Engine;
  let runtime: Runtime;
  let image: Awaited<ReturnType<typeof dockerfile>>;
  beforeAll(async () => {
    engine = await engineAt(address);
    runtime = docker({ host: address });
    image = await dockerfile([]);
    await runtime.prepare?.(specFor(image.source));
  });
  afterAll(async () => {
    await image.remove();
    await removeTestImages(engine);
  });

  it.each(["split-uid", "same-uid"] as const)(
    "answer in mode %s, from an image with nothing in it",
    async (mode) => {
      const box = await docker({ host: address, mode }).launch(specFor(image.source));
      try {
        expect(await hello(box)).toMatchObject({ version: 1, mode });
        expect(box.identity.tags === null).toBe(mode === "same-uid");
      } finally {
        await box.destroy();
      }
    },
  );

  it("run whatever the image's entry point, user, health check, triggers and volumes are", async () => {
    const odd = await dockerfile([
      'ENTRYPOINT ["/nothing"]',
      'CMD ["more", "nothing"]',
      "USER 77:88",
      "WORKDIR /some/where",
      "VOLUME /data /more",
      "HEALTHCHECK CMD /nothing",
      "ONBUILD COPY absent /",
      "ENV COLOUR=green GODEBUG=nonsense=1",
    ]);
    const spec = specFor(odd.source);
    const box = await runtime.launch(spec);
    try {
      await hello(box);
      expect(box.identity.env["COLOUR"]).toBe("green");
      const { Mounts } = await engine.client.json<{
        Mounts: { Type: string; Name?: string; Destination: string }[];
      }>({ method: "GET", path: `/containers/${box.id}/json` }, { what: "look at a box" });
      await box.destroy();
      const anonymous = Mounts.filter(
        ({ Type, Name }) => Type === "volume" && /^[0-9a-f]{64}$/.test(Name ?? ""),
      );
      for (const { Name } of anonymous) {
        const look = engine.client.json(
          { method: "GET", path: `/volumes/${Name}` },
          { what: "look at a volume" },
        );
        await expect(look).rejects.toMatchObject({ statusCode: 404 });
      }
    } finally {
      await box.destroy();
      await odd.remove();
    }
  });

  it("say why they are gone", async () => {
    const killed = await runtime.launch(specFor(image.source));
    const removed = await runtime.launch(specFor(image.source));
    const ended = await runtime.launch(specFor(image.source));
    const destroyed = await runtime.launch(specFor(image.source));
    await Promise.all([killed, removed, ended, destroyed].map((box) => hello(box)));
    await engine.client.json(
      { method: "POST", path: `/containers/${killed.id}/kill`, query: { signal: "KILL" } },
      { what: "kill a box" },
    );
    await engine.client.json(
      { method: "DELETE", path: `/containers/${removed.id}`, query: { force: 1 } },
      { what: "remove a box" },
    );
    ended.stream.end();
    ended.stream.resume();
    await Promise.all([destroyed.destroy(), destroyed.destroy()]);
    await destroyed.destroy();
    expect(await killed.gone).toMatchObject({ reason: "killed", exitCode: 137 });
    expect(["killed", "removed"]).toContain((await removed.gone).reason);
    expect(await ended.gone).toMatchObject({ reason: "exited", exitCode: 0 });
    expect((await destroyed.gone).reason).toBe("destroyed");
    for (const box of [killed, removed, ended]) await box.destroy();
  });

  it("end when their input ends, without anybody removing them", async () => {
    const spec = specFor(image.source);
    const box = await runtime.launch(spec);
    await hello(box);
    box.stream.destroy();
    expect((await box.gone).reason).toBe("exited");
    await until(async () => (await containersOf(engine, spec.sessionId)).length === 0);
  });

  it("are destroyed while paused", async () => {
    const spec = specFor(image.source);
    const box = await runtime.launch(spec);
    await engine.client.json(
      { method: "POST", path: `/containers/${box.id}/pause` },
      { what: "pause a box" },
    );
    await box.destroy();
    expect((await box.gone).reason).toBe("destroyed");
    expect(await containersOf(engine, spec.sessionId)).toEqual([]);
  });

  it("leave nothing when their opening is aborted at any moment", async () => {
    const sessions: string[] = [];
    const left: string[] = [];
    for (let round = 0; round < 12; round += 1) {
      const spec = specFor(image.source);
      sessions.push(spec.sessionId);
      const abort = new AbortController();
      const reason = new Error("changed my mind");
      const timer = setTimeout(() => abort.abort(reason), round * 12);
      const outcome = await runtime.launch(spec, { signal: abort.signal }).catch((error: unknown) => error);
      clearTimeout(timer);
      if (outcome === reason) left.push(...(await containersOf(engine, spec.sessionId)));
      else if (outcome instanceof Error) throw outcome;
      else await (outcome as Box).destroy();
    }
    expect(left).toEqual([]);
    const later = await Promise.all(sessions.map((session) => containersOf(engine, session)));
    expect(later.flat()).toEqual([]);
  });

  it("have different users, also when opened at once", async () => {
    const boxes = await Promise.all([1, 2, 3, 4].map(() => runtime.launch(specFor(image.source))));
    await Promise.all(boxes.map((box) => hello(box)));
    expect(new Set(boxes.map(({ identity }) => identity.uid)).size).toBe(4);
    await Promise.all(boxes.map((box) => box.destroy()));
  });

  it("of an owner that has ended are removed, those of a living one never", async () => {
    const create = async (owner: ReturnType<typeof thisOwner>, name: string) => {
      const { Id } = await engine.client.json<{ Id: string }>(
        {
          method: "POST",
          path: "/containers/create",
          query: { name },
          body: {
            Image: (await runtimeImage()).toString(),
            Cmd: ["/nothing"],
            Labels: ownedLabels("box", owner, 60_000, { [label.session]: "test-reaper" }),
          },
        },
        { what: "create a box" },
      );
      return Id;
    };
    const runtimeImage = async () => {
      const box = await runtime.launch(specFor(image.source));
      await box.destroy();
      return box.identity.image;
    };
    const unique = `${process.pid}-${Date.now()}`;
    const dead = await create({ ...thisOwner(), pid: 4_194_303 }, `llm-sandbox-test-dead-${unique}`);
    const alive = await create(thisOwner(), `llm-sandbox-test-alive-${unique}`);
    const foreign = await create({ ...thisOwner(), pid: 4_194_303 }, `somebody-elses-${unique}`);
    await reapAbandoned(engine.client, silentLogger);
    const left = await containersOf(engine, "test-reaper");
    expect(left).not.toContain(dead);
    expect(left).toEqual(expect.arrayContaining([alive, foreign]));
    for (const id of left) {
      await engine.client.json({ method: "DELETE", path: `/containers/${id}` }, { what: "remove a box" });
    }
  });

  it("refuse an OCI runtime that the engine would not use, and take its own", async () => {
    const ociRuntime = "nosuch-runtime";
    const attempt = docker({ host: address, ociRuntime }).launch(specFor(image.source));
    await expect(attempt).rejects.toMatchObject({
      code: engine.kind === "podman" ? "UNSUPPORTED" : "BOX_START_FAILED",
      message: expect.stringContaining(ociRuntime),
    });
    const own = docker({ host: address, ociRuntime: engine.defaultOciRuntime });
    const box = await own.launch(specFor(image.source));
    await box.destroy();
  });

  it.each([
    ["sessionId", { sessionId: "../x" }],
    ["workspace", { workspace: "relative" }],
    ["workspace", { workspace: "/a,exec" }],
  ])("refuse a malformed %s: %j", async (_, more) => {
    const attempt = runtime.launch(specFor(image.source, more));
    await expect(attempt).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });
});
