import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Box, BoxSpec, ImageSource } from "../../../runtime.ts";
import { encodeJson, FrameType, headerBytes } from "../../../stream/frame.ts";
import { connect, parseEndpoint } from "../../engine/connect.ts";
import { describeEngine, type Engine } from "../../engine/engine.ts";
import { EngineClient } from "../../engine/engine-client.ts";

const mebibyte = 1024 * 1024;

/** A box's specification with a session id that no other test has. */
export function specFor(image: ImageSource, more: Partial<BoxSpec> = {}): BoxSpec {
  return {
    sessionId: `test-${randomBytes(6).toString("hex")}`,
    image,
    workspace: "/workspace",
    network: "none",
    limits: {
      memoryBytes: 256 * mebibyte,
      cpus: 1,
      processes: 64,
      diskBytes: 32 * mebibyte,
      diskEntries: 1000,
      openFiles: 256,
      lifetimeMs: 600_000,
    },
    ...more,
  };
}

/** The agent's answer to HELLO: the box works. */
export async function hello(box: Box): Promise<Record<string, unknown>> {
  const { uid, gid, tags } = box.identity;
  box.stream.write(
    encodeJson(FrameType.hello, 0, {
      version: 1,
      window: mebibyte,
      user: { uid, gid },
      ...(tags ? { tags } : {}),
      workspace: "/workspace",
      scratch: ["/tmp"],
      env: { PATH: "/usr/bin:/bin" },
      limits: { processes: 64, openFiles: 256, fileBytes: mebibyte },
      heartbeatMs: 600_000,
      lifetimeMs: 600_000,
    }),
  );
  let bytes: Buffer = Buffer.alloc(0);
  while (bytes.length < headerBytes || bytes.length < headerBytes + bytes.readUInt32BE(0)) {
    const chunk = (await nextChunk(box)) ?? null;
    if (chunk === null) throw new Error(`The box ended. ${box.diagnostics()}`);
    bytes = Buffer.concat([bytes, chunk]);
  }
  const answer = JSON.parse(bytes.subarray(headerBytes).toString()) as Record<string, unknown>;
  if (bytes[4] !== FrameType.hello) throw new Error(`No HELLO: ${JSON.stringify(answer)}`);
  return answer;
}

function nextChunk({ stream }: Box): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => () => {
      stream.removeAllListeners("readable").removeAllListeners("end").removeAllListeners("error");
      outcome();
    };
    stream.once(
      "end",
      settle(() => resolve(null)),
    );
    stream.once("error", (error) => settle(() => reject(error))());
    const take = () => {
      const chunk = stream.read() as Buffer | null;
      if (chunk !== null) settle(() => resolve(chunk))();
    };
    stream.on("readable", take);
  });
}

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

/** Waits for something that an engine does in its own time; fails after 20 s. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const started = Date.now(); !(await condition());) {
    if (Date.now() - started > 20_000) throw new Error("It did not come about in 20 s.");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
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
