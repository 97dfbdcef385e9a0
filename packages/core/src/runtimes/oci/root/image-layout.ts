import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SandboxError } from "../../../errors.ts";
import { goArchitecture } from "../../engine/engine.ts";
import type { ImageFacts } from "./image-facts.ts";

interface Descriptor {
  readonly digest?: unknown;
}

/** What is written in an image's configuration, as far as boxes need it. */
export interface ImageConfig {
  readonly architecture?: string;
  readonly config?: {
    readonly Env?: readonly string[] | null;
    readonly Volumes?: Readonly<Record<string, unknown>> | null;
  } | null;
}

/** The facts of the one image in a folder in the OCI's layout; digests are checked. Throws IMAGE_NOT_FOUND when it is none. */
export async function readLayout(folder: string, reference: string): Promise<ImageFacts> {
  try {
    const index = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as {
      manifests: Descriptor[];
    };
    const [, manifest] = await readBlob<{ config: Descriptor }>(folder, index.manifests[0]?.digest);
    const [id, config] = await readBlob<ImageConfig>(folder, manifest.config.digest);
    return factsOf(id, reference, config);
  } catch (error) {
    throw new SandboxError(
      "IMAGE_NOT_FOUND",
      `What came as ${reference} is not an image: ${(error as Error).message}.`,
      {
        cause: error,
        remedy: "Try again; if it stays so, look at the registry.",
      },
    );
  }
}

/** The facts of an image from its configuration. */
export function factsOf(id: string, reference: string, { architecture, config }: ImageConfig): ImageFacts {
  const env = (config?.Env ?? []).map((entry) => {
    const at = entry.indexOf("=");
    return at < 0 ? ([entry, ""] as const) : ([entry.slice(0, at), entry.slice(at + 1)] as const);
  });
  return {
    id,
    reference,
    architecture: goArchitecture(architecture ?? ""),
    env: Object.fromEntries(env),
    volumes: Object.keys(config?.Volumes ?? {}),
  };
}

async function readBlob<Content>(folder: string, digest: unknown): Promise<[string, Content]> {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(String(digest))?.[1];
  if (!hex) throw new Error(`"${String(digest)}" is no digest`);
  const bytes = await readFile(join(folder, "blobs", "sha256", hex));
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== hex) throw new Error(`a part has the digest ${found} instead of ${hex}`);
  return [`sha256:${hex}`, JSON.parse(bytes.toString()) as Content];
}
