import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ImageSource } from "../../../runtime.ts";
import { connect, parseEndpoint } from "../../engine/connect.ts";
import { describeEngine, type Engine } from "../../engine/engine.ts";
import { EngineClient } from "../../engine/engine-client.ts";

/** An image that needs no registry, in a folder of its own; `remove` deletes the folder. */
export async function dockerfile(
  lines: readonly string[],
): Promise<{ source: ImageSource; folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "llm-sandbox-test-"));
  const text = ["FROM scratch", "COPY Dockerfile /Dockerfile", `LABEL ${testLabel}=1`, ...lines];
  await writeFile(join(folder, "Dockerfile"), `${text.join("\n")}\n`);
  return {
    source: { kind: "dockerfile", path: join(folder, "Dockerfile") },
    folder,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

const testLabel = "llm-sandbox.test";

/** An engine beside the runtime under test, to see and to disturb what that does. */
export async function engineAt(address: string): Promise<Engine> {
  const endpoint = parseEndpoint(address, null);
  return describeEngine(new EngineClient(connect(endpoint), address, 30_000));
}

/** The containers of a session, in whatever state. */
export async function containersOf(engine: Engine, sessionId: string): Promise<string[]> {
  const containers = await engine.client.json<readonly { Id: string }[]>(
    {
      method: "GET",
      path: "/containers/json",
      query: { all: 1, filters: { label: [`llm-sandbox.session=${sessionId}`] } },
    },
    { what: "list boxes" },
  );
  return containers.map(({ Id }) => Id);
}

/** Removes every image that the tests have made. */
export async function removeTestImages(engine: Engine): Promise<void> {
  const images = await engine.client.json<readonly { Id: string; RepoTags?: string[] | null }[]>(
    { method: "GET", path: "/images/json", query: { filters: { label: [`${testLabel}=1`] } } },
    { what: "list images" },
  );
  for (const name of images.flatMap(({ Id, RepoTags }) => (RepoTags?.length ? RepoTags : [Id]))) {
    await engine.client
      .json({ method: "DELETE", path: `/images/${name}`, query: { force: 1 } }, { what: "remove an image" })
      .catch(() => {});
  }
}
