import { SandboxError } from "../../../errors.ts";
import type { Logger } from "../../../logger.ts";
import type { ImageSource, Progress } from "../../../runtime.ts";
import type { Engine } from "../engine.ts";
import { buildOnce, planBuild } from "./build-image.ts";
import { pullImage } from "./pull-image.ts";
import { inspectImage, type ResolvedImage } from "./resolved-image.ts";

/** Everything that getting an image ready depends on. */
export interface ImageWork {
  readonly engine: Engine;
  readonly pull: "missing" | "never" | "always";
  readonly platform: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly logger: Logger;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * Makes the engine have the image, by fetching or building it where needed. Throws IMAGE_NOT_FOUND, IMAGE_BUILD_FAILED,
 * and IMAGE_PLATFORM for an image of another processor than the engine's that nobody asked for.
 */
export async function resolveImage(source: ImageSource, work: ImageWork): Promise<ResolvedImage> {
  const image = await imageOf(source, work);
  const wanted = work.platform?.split("/")[1] ?? work.engine.architecture;
  if (image.architecture !== "" && image.architecture !== wanted) {
    throw new SandboxError(
      "IMAGE_PLATFORM",
      `The image ${image.reference} is for linux/${image.architecture}, not for linux/${wanted}.`,
      {
        remedy:
          work.platform === undefined
            ? `Pass an image for this engine, or docker({ platform: 'linux/${image.architecture}' }) if it can emulate that.`
            : "Pass the platform of the image.",
      },
    );
  }
  // Old images do not say; they are the engine's own.
  return image.architecture === "" ? { ...image, architecture: wanted } : image;
}

async function imageOf(source: ImageSource, work: ImageWork): Promise<ResolvedImage> {
  if (source.kind === "reference") return byReference(source.reference, work);
  return buildOnce(await planBuild(source, work.platform), work);
}

async function byReference(reference: string, work: ImageWork): Promise<ResolvedImage> {
  const { engine, pull, signal, platform } = work;
  const present = await inspectImage(engine.client, reference, signal);
  const fits = present && (!platform || platform.split("/")[1] === present.architecture);
  if (present && (pull === "never" || (pull === "missing" && fits))) return present;
  const isId = /^(sha256:)?[0-9a-f]{64}$/.test(reference);
  if (pull === "never" || isId) {
    throw new SandboxError("IMAGE_NOT_FOUND", `The engine has no image ${reference}.`, {
      remedy: isId
        ? "An id names only images that the engine has: build or load it there."
        : `Run \`docker pull ${reference}\`, or do not pass docker({ pull: 'never' }).`,
    });
  }
  await pullImage(reference, work);
  const pulled = await inspectImage(engine.client, reference, signal);
  if (pulled) return pulled;
  throw new SandboxError("IMAGE_NOT_FOUND", `The image ${reference} is not there after it was fetched.`, {
    remedy: "Is something removing images on the engine?",
  });
}
