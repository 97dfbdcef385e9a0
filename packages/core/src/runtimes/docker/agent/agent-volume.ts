import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { SandboxError } from "../../../errors.ts";
import { agentFolder } from "../../shared/memory-folders.ts";
import { hasStatus } from "../../engine/engine-error.ts";
import type { EngineClient } from "../../engine/engine-client.ts";
import { label, namePrefix, ownedLabels, ownerOf } from "../../engine/labels.ts";
import { isAlive, thisOwner } from "../../shared/owner.ts";
import { tarArchive } from "../../shared/tar-archive.ts";
import type { AgentBinary } from "../../shared/agent-binary.ts";

const fillLimitMs = 120_000;

/** The name says the content, so another version of the agent is another volume. */
export function agentVolumeName(binary: AgentBinary, architecture: string): string {
  return `${namePrefix}agent-${binary.hash}-${architecture}`;
}

/**
 * Makes sure that the engine has a volume with the whole agent in it, and returns its name. Any number of processes may
 * do this at once: one fills, under a container name that only one can have, the others wait.
 */
export async function ensureAgentVolume(
  client: EngineClient,
  binary: AgentBinary,
  architecture: string,
  imageId: string,
  signal?: AbortSignal,
): Promise<string> {
  const volume = agentVolumeName(binary, architecture);
  const deadline = Date.now() + fillLimitMs;
  const carrier = { client, volume, imageId, signal };
  if (
    await withCarrier(carrier, `${volume}-look-${randomBytes(6).toString("hex")}`, (path) =>
      isWhole(client, path, binary),
    )
  ) {
    return volume;
  }
  for (;;) {
    try {
      await withCarrier(carrier, `${volume}-fill`, async (path) => {
        if (!(await isWhole(client, path, binary))) await fill(client, path, binary);
      });
      return volume;
    } catch (error) {
      // 409: another process has the name; Podman says the same with 500.
      if (!hasStatus(error, 409, 500) || !/in use|already/i.test(error.reason)) throw error;
    }
    await removeAbandoned(client, `${volume}-fill`);
    if (Date.now() > deadline) {
      throw new SandboxError(
        "ENGINE_TIMEOUT",
        `Another process has been filling the volume ${volume} for too long.`,
        {
          remedy: `Remove the container ${volume}-fill.`,
        },
      );
    }
    await sleep(50 + Math.random() * 50, undefined, signal ? { signal } : {});
  }
}

interface Carrier {
  readonly client: EngineClient;
  readonly volume: string;
  readonly imageId: string;
  readonly signal: AbortSignal | undefined;
}

/** Runs the work with a container that is never started, through which the engine opens the volume's files. */
async function withCarrier<Answer>(
  { client, volume, imageId, signal }: Carrier,
  name: string,
  work: (containerPath: string) => Promise<Answer>,
): Promise<Answer> {
  signal?.throwIfAborted();
  // Not aborted in flight, as nobody would know whether it exists.
  const { Id } = await client.json<{ Id: string }>(
    {
      method: "POST",
      path: "/containers/create",
      query: { name },
      body: {
        Image: imageId,
        Entrypoint: [`${agentFolder}/agent`],
        Cmd: [],
        NetworkDisabled: true,
        Labels: ownedLabels("builder", thisOwner(), fillLimitMs),
        HostConfig: {
          NetworkMode: "none",
          Mounts: [
            {
              Type: "volume",
              Source: volume,
              Target: agentFolder,
              VolumeOptions: { NoCopy: true, Labels: { [label.kind]: "agent" } },
            },
          ],
        },
      },
    },
    { what: "make room for the sandbox's agent" },
  );
  try {
    return await work(`/containers/${Id}/archive`);
  } finally {
    await client
      .json(
        { method: "DELETE", path: `/containers/${Id}`, query: { force: 1, v: 1 } },
        { what: "remove a helper container" },
      )
      .catch(() => {});
  }
}

async function isWhole(client: EngineClient, path: string, binary: AgentBinary): Promise<boolean> {
  const what = "look at the sandbox's agent";
  try {
    const answer = await client.stream(
      { method: "HEAD", path, query: { path: `${agentFolder}/agent` } },
      { what },
    );
    answer.resume();
    const encoded = answer.headers["x-docker-container-path-stat"];
    const stat: unknown = JSON.parse(Buffer.from(String(encoded), "base64").toString());
    return (stat as { size?: unknown } | null)?.size === binary.bytes.length;
  } catch (error) {
    if (hasStatus(error, 404)) return false;
    throw error;
  }
}

/**
 * The file gets its real name only by a link after all of it is there: a volume whose filling was cut has no `agent`,
 * or the whole one.
 */
async function fill(client: EngineClient, path: string, binary: AgentBinary): Promise<void> {
  const unfinished = `agent-${randomBytes(6).toString("hex")}`;
  const archive = tarArchive(async (archive) => {
    const header = { mode: 0o111, uid: 0, gid: 0, mtime: new Date(0) };
    // Nobody needs to read it, and a program that its user cannot read cannot be traced by that user either.
    archive.entry({ ...header, name: unfinished }, binary.bytes);
    archive.entry({ ...header, name: "agent", type: "link", linkname: unfinished });
  });
  await client.json(
    { method: "PUT", path, query: { path: agentFolder } },
    { what: "store the sandbox's agent in a volume", timeoutMs: fillLimitMs },
    archive,
  );
}

async function removeAbandoned(client: EngineClient, name: string): Promise<void> {
  try {
    const { Config, Created } = await client.json<{
      Config?: { Labels?: Record<string, string> };
      Created?: string;
    }>({ method: "GET", path: `/containers/${name}/json` }, { what: "look at a helper container" });
    const labels = Config?.Labels ?? {};
    const owner = ownerOf(labels);
    const expired = Number(labels[label.expires]) * 1000 < Date.now();
    if (!owner || !Created || !(isAlive(owner) === false || expired)) return;
    await client.json(
      { method: "DELETE", path: `/containers/${name}`, query: { force: 1, v: 1 } },
      { what: "remove an abandoned helper container" },
    );
  } catch (error) {
    if (!hasStatus(error, 404, 409)) throw error;
  }
}
