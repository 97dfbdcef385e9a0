import { SandboxError } from "../errors.ts";
import type { RichOutput } from "../execution.ts";
import type { LiveSession } from "./live-session.ts";
import type { ToolFile, ToolImage } from "./tool-outcome.ts";

/** Media types of pictures, the best first, with what their files are called. */
const extensions: Readonly<Record<string, string>> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/webp": "webp",
  "image/gif": "gif",
  "image/svg+xml": "svg",
};

/** Pictures that are handed over from one call. */
const mostImages = 16;

/** Saves the pictures among a run's outputs in its workspace, so that the model can name them; one that the code saved itself is that file. */
export async function saveImages(
  live: LiveSession,
  outputs: readonly RichOutput[],
  files: readonly ToolFile[],
): Promise<readonly ToolImage[]> {
  const images: ToolImage[] = [];
  const { workspace } = live.session.facts;
  let number = 0;
  for (const { data } of outputs) {
    const mediaType = Object.keys(extensions).find((type) => typeof data[type] === "string");
    if (mediaType === undefined || images.length === mostImages) continue;
    const content = Buffer.from(data[mediaType] as string, mediaType === "image/svg+xml" ? "utf8" : "base64");
    const extension = extensions[mediaType]!;
    const saved = files.find(
      ({ path, size }) =>
        size === content.length &&
        path.endsWith(`.${extension}`) &&
        !images.some((image) => image.path === path),
    );
    if (saved) {
      images.push({ path: saved.path, mediaType, data: content });
      continue;
    }
    do number += 1;
    while (live.watch.has(`figure-${number}.${extension}`));
    const path = `figure-${number}.${extension}`;
    const written = await wrote(live, path, content);
    images.push({ path: written ? `${workspace}/${path}` : null, mediaType, data: content });
  }
  return images;
}

async function wrote(live: LiveSession, path: string, content: Uint8Array): Promise<boolean> {
  try {
    await live.watch.write(path, content);
    return true;
  } catch (error) {
    if (SandboxError.is(error, "BOX_LOST") || !SandboxError.is(error)) throw error;
    return false;
  }
}
