import { randomBytes } from "node:crypto";
import type { Progress } from "../../../runtime.ts";
import type { Engine } from "../../engine/engine.ts";
import type { ResolvedImage } from "../../engine/image/resolved-image.ts";
import { namePrefix, ownedLabels } from "../../engine/labels.ts";
import { thisOwner } from "../../shared/owner.ts";
import { unpackTar } from "./unpack-tar.ts";

const exportMs = 30 * 60_000;
const mebibyte = 1024 * 1024;

/** Unpacks the files of an image that an engine has, through a container that is never started. */
export async function exportFromEngine(
  engine: Engine,
  image: ResolvedImage,
  folder: string,
  options: { readonly signal: AbortSignal; readonly onProgress: (progress: Progress) => void },
): Promise<void> {
  const { client } = engine;
  const { signal, onProgress } = options;
  const name = `${namePrefix}export-${randomBytes(8).toString("hex")}`;
  onProgress({ phase: "prepare", message: `Unpacking the image ${image.reference}.` });
  signal.throwIfAborted();
  // Not aborted in flight, as nobody would know whether it exists.
  const { Id } = await client.json<{ Id: string }>(
    {
      method: "POST",
      path: "/containers/create",
      query: { name },
      body: {
        Image: image.id,
        Entrypoint: ["/none"],
        Cmd: [],
        NetworkDisabled: true,
        Labels: ownedLabels("builder", thisOwner(), exportMs),
        HostConfig: { NetworkMode: "none" },
      },
    },
    { what: `unpack the image ${image.reference}` },
  );
  try {
    const archive = await client.stream(
      { method: "GET", path: `/containers/${Id}/export` },
      { what: `export the image ${image.reference}`, signal },
    );
    let told = 0;
    await unpackTar(archive, folder, {
      signal,
      onBytes(bytes) {
        if (bytes - told < 25 * mebibyte) return;
        told = bytes;
        const message = `Unpacking the image ${image.reference}: ${Math.round(bytes / 1e6)} MB.`;
        onProgress({ phase: "prepare", message });
      },
    });
  } finally {
    await client
      .json(
        { method: "DELETE", path: `/containers/${Id}`, query: { force: 1, v: 1 } },
        { what: "remove a helper container" },
      )
      .catch(() => {});
  }
}
