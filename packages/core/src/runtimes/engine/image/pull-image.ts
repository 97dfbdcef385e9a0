import { SandboxError } from "../../../errors.ts";
import { EngineStatusError, sentence } from "../engine-error.ts";
import { followProgress, type EngineMessage } from "./follow-progress.ts";
import type { ImageWork } from "./image-source.ts";
import { registryAuth } from "./registry-auth.ts";

/** An engine that says nothing for so long has stopped fetching. */
const silenceMs = 180_000;

/** Fetches an image and tells how it goes; throws IMAGE_NOT_FOUND or IMAGE_PLATFORM with the registry's own words. */
export async function pullImage(reference: string, work: ImageWork): Promise<void> {
  const { engine, signal, onProgress, platform } = work;
  const { name, tag } = splitReference(reference);
  onProgress({ phase: "pull", message: `Fetching the image ${reference}.` });
  const what = `fetch the image ${reference}`;
  const auth = await registryAuth(name);
  try {
    const answer = await engine.client.stream(
      {
        method: "POST",
        path: "/images/create",
        query: { fromImage: name, tag, ...(platform === undefined ? {} : { platform }) },
        ...(auth === null ? {} : { headers: { "X-Registry-Auth": auth } }),
      },
      { what, signal, timeoutMs: silenceMs },
    );
    const layers = new Map<string, LayerProgress>();
    let said = "";
    await followProgress(answer, { what, signal, silenceMs }, (message) => {
      const line = progressLine(reference, layers, message);
      if (line !== said) onProgress({ phase: "pull", message: line });
      said = line;
    });
  } catch (error) {
    if (error instanceof EngineStatusError) throw pullError(reference, error.reason, error);
    throw error;
  }
}

interface LayerProgress {
  readonly current: number;
  readonly total: number;
}

function progressLine(
  reference: string,
  layers: Map<string, LayerProgress>,
  { id, status, progressDetail }: EngineMessage,
): string {
  const { current, total } = progressDetail ?? {};
  if (id && status === "Downloading" && typeof current === "number" && typeof total === "number") {
    layers.set(id, { current, total });
  } else if (id && (status === "Download complete" || status === "Pull complete")) {
    const layer = layers.get(id);
    if (layer) layers.set(id, { ...layer, current: layer.total });
  }
  const sum = (field: keyof LayerProgress) =>
    Math.round([...layers.values()].reduce((all, layer) => all + layer[field], 0) / 1e6);
  return layers.size === 0
    ? `Fetching the image ${reference}.`
    : `Fetching the image ${reference}: ${sum("current")} of ${sum("total")} MB.`;
}

/** `name`, `name:tag`, `name@digest`; without a tag an engine would fetch all of them. */
export function splitReference(reference: string): { name: string; tag: string } {
  const at = reference.indexOf("@");
  if (at > 0) {
    const { name } = splitReference(reference.slice(0, at));
    return { name, tag: reference.slice(at + 1) };
  }
  const colon = reference.lastIndexOf(":");
  return colon > reference.lastIndexOf("/")
    ? { name: reference.slice(0, colon), tag: reference.slice(colon + 1) }
    : { name: reference, tag: "latest" };
}

function pullError(reference: string, reason: string, cause: Error): SandboxError {
  if (/no matching manifest|does not match the specified platform|no image found in manifest/i.test(reason)) {
    return new SandboxError(
      "IMAGE_PLATFORM",
      `The image ${reference} is not made for this engine: ${sentence(reason)}`,
      {
        cause,
        remedy:
          "Pass an image that has this engine's platform, or docker({ platform }) if it can emulate another.",
      },
    );
  }
  return new SandboxError(
    "IMAGE_NOT_FOUND",
    `The image ${reference} cannot be fetched: ${sentence(reason)}`,
    {
      cause,
      remedy: remedyFor(reason),
    },
  );
}

function remedyFor(reason: string): string {
  if (/denied|unauthorized|authentication/i.test(reason)) {
    return "Check the name; for a private registry run `docker login` first.";
  }
  if (/no such host|dial tcp|timeout|refused|unreachable|x509|tls|EOF/i.test(reason)) {
    return "The engine does not reach the registry: check its network and proxy, or build or load the image on it.";
  }
  if (/toomanyrequests|rate limit/i.test(reason)) return "Wait, or run `docker login`.";
  return "Check the name and the tag.";
}
