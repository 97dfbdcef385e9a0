import { SandboxError } from "../../../errors.ts";
import { hasStatus } from "../engine-error.ts";
import { goArchitecture } from "../engine.ts";
import type { EngineClient } from "../engine-client.ts";

/** An image that the engine has. */
export interface ResolvedImage {
  /** Its digest: still the same image when the name has moved on. */
  readonly id: string;
  readonly reference: string;
  readonly architecture: string;
  readonly volumes: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

interface ImageAnswer {
  readonly Id: string;
  readonly Os?: string;
  readonly Architecture?: string;
  readonly Config?: {
    readonly Env?: readonly string[] | null;
    readonly Volumes?: Readonly<Record<string, unknown>> | null;
    readonly Labels?: Readonly<Record<string, string>> | null;
  } | null;
}

/** Looks an image up, or returns null when the engine does not have it. */
export async function inspectImage(
  client: EngineClient,
  reference: string,
  signal?: AbortSignal,
): Promise<ResolvedImage | null> {
  checkReference(reference);
  try {
    const image = await client.json<ImageAnswer>(
      { method: "GET", path: `/images/${reference}/json` },
      { what: `look up the image ${reference}`, signal },
    );
    return {
      id: image.Id.includes(":") ? image.Id : `sha256:${image.Id}`,
      reference,
      architecture: goArchitecture(image.Architecture ?? ""),
      volumes: Object.keys(image.Config?.Volumes ?? {}),
      env: environment(image.Config?.Env ?? []),
      labels: image.Config?.Labels ?? {},
    };
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

/** Throws INVALID_OPTION unless the text can be an image's name, tag, digest or id. */
export function checkReference(reference: string): void {
  const whole = /^[a-zA-Z0-9](?:[a-zA-Z0-9._:@/[\]-]{0,510})$/;
  if (whole.test(reference) && !reference.includes("//") && !reference.includes("..")) return;
  throw new SandboxError("INVALID_OPTION", `${JSON.stringify(reference)} is not an image's name.`, {
    remedy: "Write it as in `docker run`: name, name:tag or name@sha256:….",
  });
}

function environment(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf("=");
      return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}
