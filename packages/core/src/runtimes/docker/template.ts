import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join, posix } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { SandboxError } from "../../errors.ts";
import type { SaveTemplateRequest, Template } from "../../runtime.ts";
import { removeContainer } from "./box/remove-container.ts";
import type { Engine } from "../engine/engine.ts";
import { hasStatus } from "../engine/engine-error.ts";
import type { EngineClient } from "../engine/engine-client.ts";
import { checkReference, inspectImage } from "../engine/image/resolved-image.ts";
import { splitReference } from "../engine/image/pull-image.ts";
import { label, namePrefix, ownedLabels } from "../engine/labels.ts";
import { orAborted } from "../shared/or-aborted.ts";
import { thisOwner } from "../shared/owner.ts";
import { withTemporaryFolder } from "../shared/temporary-folder.ts";
import { spoolWorkspace } from "../shared/spool-workspace.ts";
import { tarArchive } from "../shared/tar-archive.ts";
import { withinTime } from "../shared/within-time.ts";

const uploadMs = 30 * 60_000;
/** How long a failed save may hold its caller up with tidying. */
const tidyMs = 10_000;

/**
 * Makes an image of the base and one file more: the workspace as a tar, as it came. The base's own configuration stays.
 * On failure or abort nothing is left on the engine or the host's disk.
 */
export async function saveTemplate(
  engine: Engine,
  request: SaveTemplateRequest,
  signal: AbortSignal | undefined,
): Promise<Template> {
  const { workspace } = request;
  const reference = request.name ?? `llm-sandbox/template:${randomBytes(8).toString("hex")}`;
  checkReference(reference);
  if (reference.includes("@")) {
    workspace.destroy();
    throw new SandboxError(
      "INVALID_OPTION",
      `"${reference}" has a digest, which cannot be given to a new image.`,
      {
        remedy: "Pass a name, or name:tag.",
      },
    );
  }
  return withTemporaryFolder("template", (folder) =>
    saveThrough(folder, { engine, request, reference, signal }),
  );
}

/** The same with room for the workspace on this machine. */
async function saveThrough(
  folder: string,
  work: {
    readonly engine: Engine;
    readonly request: SaveTemplateRequest;
    readonly reference: string;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Template> {
  const { engine, request, reference, signal } = work;
  const { client } = engine;
  const { base, workspace, path } = request;
  const container = `${namePrefix}template-${randomBytes(8).toString("hex")}`;
  const steps: Promise<unknown>[] = [];
  let saved = false;
  const step = <Answer>(work: Promise<Answer>): Promise<Answer> => {
    steps.push(work);
    return orAborted(work, signal);
  };
  try {
    const file = join(folder, "workspace.tar");
    await spoolWorkspace(workspace, file, signal);
    const size = (await stat(file)).size;
    const { commandless } = await step(createCarrier(client, container, base));
    await client.json(
      { method: "PUT", path: `/containers/${container}/archive`, query: { path: "/" } },
      { what: "store a workspace in an image", signal, timeoutMs: uploadMs },
      archiveOf(file, size, path),
    );
    const replaced = request.name === undefined ? null : await inspectImage(client, reference);
    await step(commit(engine, container, reference, commandless));
    saved = true;
    // A template whose name has moved on is nobody's any more; the engine keeps it if it is in use or has other names.
    if (replaced?.labels[label.kind] === "template") {
      await removeImage(client, replaced.id).catch(() => {});
    }
    return { reference };
  } finally {
    workspace.destroy();
    const tidy = async () => {
      // The engine may still be at a step that was given up, and would make what was just removed.
      await Promise.allSettled(steps);
      await removeContainer(client, container);
      if (!saved && request.name === undefined) await removeImage(client, reference);
    };
    await withinTime(tidyMs, tidy());
  }
}

async function removeImage(client: EngineClient, reference: string): Promise<void> {
  const what = "remove a template";
  await client.json({ method: "DELETE", path: `/images/${reference}` }, { what });
}

function archiveOf(file: string, size: number, path: string): Readable {
  return tarArchive(async (archive) => {
    const folders = posix.dirname(path).split("/").filter(Boolean);
    for (let count = 1; count <= folders.length; count += 1) {
      archive.entry({ name: `${folders.slice(0, count).join("/")}/`, type: "directory", mode: 0o755 });
    }
    const entry = archive.entry({ name: path.slice(1), size, mode: 0o444, uid: 0, gid: 0 });
    await pipeline(createReadStream(file), entry as unknown as Writable);
  });
}

async function createCarrier(
  client: EngineClient,
  name: string,
  base: string,
): Promise<{ commandless: boolean }> {
  const body = {
    Image: base,
    NetworkDisabled: true,
    Labels: ownedLabels("builder", thisOwner(), uploadMs),
    HostConfig: { NetworkMode: "none" },
  };
  const image = await inspectImage(client, base);
  if (!image) {
    throw new SandboxError(
      "IMAGE_NOT_FOUND",
      `The image of the session, ${base}, is no longer on the engine.`,
      {
        remedy: "Do not remove images that sessions are using.",
      },
    );
  }
  const create = (more: object) =>
    client.json(
      { method: "POST", path: "/containers/create", query: { name }, body: { ...body, ...more } },
      { what: "make room for a template" },
    );
  try {
    await create({});
    return { commandless: false };
  } catch (error) {
    // An engine wants to know what to run, though this is never started; the commit takes it out again.
    if (!hasStatus(error, 400, 500) || !/command/i.test(error.reason)) throw error;
    await create({ Cmd: ["none"] });
    return { commandless: true };
  }
}

async function commit(
  { client, kind }: Engine,
  container: string,
  reference: string,
  commandless: boolean,
): Promise<void> {
  const { name, tag } = splitReference(reference);
  const ownLabels = Object.values(label).filter((key) => key !== label.kind);
  await client.json(
    {
      method: "POST",
      path: "/commit",
      query: {
        container,
        repo: name,
        tag,
        pause: 0,
        // The carrier's own labels would make later containers of this image look like abandoned carriers.
        // One instruction a label, without quotes: Podman 4 reads no others.
        changes: [
          `LABEL ${label.kind}=template`,
          ...ownLabels.map((key) => `LABEL ${key}=`),
          ...(commandless ? ["CMD []"] : []),
        ],
      },
      // Podman 4 insists on a body; for Docker one would replace the image's configuration.
      ...(kind === "podman" ? { body: { Labels: {} } } : {}),
    },
    { what: `save the image ${reference}`, timeoutMs: uploadMs },
  );
}
