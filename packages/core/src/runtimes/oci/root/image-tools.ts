import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SandboxError } from "../../../errors.ts";
import type { ImageSource, Progress } from "../../../runtime.ts";
import { packContext } from "../../engine/image/build-context.ts";
import type { BuildPlan } from "../../engine/image/build-image.ts";
import { findProgram } from "../host/find-program.ts";
import type { ObtainedImage } from "./image-facts.ts";
import { factsOf, readLayout, type ImageConfig } from "./image-layout.ts";
import { runTool } from "./run-tool.ts";
import { unpackTar } from "./unpack-tar.ts";

export interface ToolWork {
  /** An existing folder for what is fetched, on the disk of the store. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** Fetches an image from its registry without an engine. Throws ENGINE_NOT_FOUND naming the packages when there are no tools. */
export async function fetchByTools(reference: string, work: ToolWork): Promise<ObtainedImage> {
  const { skopeo, umoci, podman } = fetchers(reference);
  if (podman === null) return fetchBySkopeo(skopeo, umoci, reference, work);
  const { signal, onProgress } = work;
  onProgress({ phase: "pull", message: `Fetching the image ${reference}.` });
  await runTool(podman, ["pull", reference], fetching(reference, signal, onProgress));
  return podmanImage(podman, reference, signal);
}

/** Builds an image without an engine. Throws ENGINE_NOT_FOUND naming the packages when there are no tools. */
export async function buildByTools({ context, tag }: BuildPlan, work: ToolWork): Promise<ObtainedImage> {
  const { signal, onProgress } = work;
  const { podman, tool } = builders(tag);
  const folder = join(work.folder, "context");
  await mkdir(folder);
  await unpackTar(packContext(context), folder, { signal });
  onProgress({ phase: "build", message: `Building the image ${tag}.` });
  await runTool(tool, ["build", "--tag", tag, "--file", join(folder, context.dockerfile), folder], {
    what: `build the image ${tag}`,
    code: "IMAGE_BUILD_FAILED",
    remedy: "Correct the step that failed; its output is above.",
    signal,
    onLine: (message) => onProgress({ phase: "build", message }),
  });
  return podman ? podmanImage(podman, tag, signal) : buildahImage(tool, tag, signal);
}

/** Throws the ENGINE_NOT_FOUND that getting the image would end with for want of tools, and does nothing else. */
export function checkTools(kind: ImageSource["kind"], name: string): void {
  if (kind === "reference") fetchers(name);
  else builders(name);
}

type Fetchers =
  | { readonly skopeo: string; readonly umoci: string; readonly podman: null }
  | { readonly skopeo: null; readonly umoci: null; readonly podman: string };

function fetchers(reference: string): Fetchers {
  const skopeo = findProgram("skopeo");
  const umoci = findProgram("umoci");
  if (skopeo && umoci) return { skopeo, umoci, podman: null };
  const podman = findProgram("podman");
  if (podman) return { skopeo: null, umoci: null, podman };
  throw withoutTools(`fetch the image ${reference}`, "skopeo umoci");
}

function builders(tag: string): { readonly podman: string | null; readonly tool: string } {
  const podman = findProgram("podman");
  const tool = podman ?? findProgram("buildah");
  if (tool) return { podman, tool };
  throw withoutTools(`build the image ${tag}`, "buildah");
}

function withoutTools(what: string, packages: string): SandboxError {
  return new SandboxError("ENGINE_NOT_FOUND", `There is nothing here to ${what} with.`, {
    remedy: `Run \`apt-get install ${packages}\`, or install Docker or Podman.`,
    details: { absent: true },
  });
}

async function fetchBySkopeo(
  skopeo: string,
  umoci: string,
  reference: string,
  { folder, signal, onProgress }: ToolWork,
): Promise<ObtainedImage> {
  const layout = join(folder, "layout");
  onProgress({ phase: "pull", message: `Fetching the image ${reference}.` });
  const source = `docker://${reference}`;
  await runTool(skopeo, ["copy", source, `oci:${layout}:image`], fetching(reference, signal, onProgress));
  return {
    facts: await readLayout(layout, reference),
    async unpack(root, signal) {
      onProgress({ phase: "prepare", message: `Unpacking the image ${reference}.` });
      // Beside the root, so that what is unpacked can be moved there.
      const bundle = join(dirname(root), `bundle-${randomBytes(4).toString("hex")}`);
      // "Rootless" makes everything this user's, whoever it belongs to in the image.
      await runTool(umoci, ["unpack", "--rootless", "--image", `${layout}:image`, bundle], {
        what: `unpack the image ${reference}`,
        code: "IMAGE_NOT_FOUND",
        remedy: "Try again; if it stays so, look at the registry.",
        signal,
      });
      await rmdir(root);
      await rename(join(bundle, "rootfs"), root);
      await rm(bundle, { recursive: true, force: true });
    },
  };
}

async function podmanImage(podman: string, name: string, signal: AbortSignal): Promise<ObtainedImage> {
  const looking = {
    what: `look at the image ${name}`,
    code: "IMAGE_NOT_FOUND",
    remedy: "Try again.",
    signal,
  } as const;
  const told = await runTool(podman, ["image", "inspect", name], looking);
  const [image] = JSON.parse(told) as [{ Id: string; Architecture?: string; Config?: ImageConfig["config"] }];
  const config = { architecture: image.Architecture ?? "", config: image.Config ?? null };
  const id = `sha256:${image.Id.replace(/^sha256:/, "")}`;
  return {
    facts: factsOf(id, name, config),
    async unpack(root, signal) {
      const unpacking = { ...looking, what: `unpack the image ${name}`, signal };
      const container = (
        await runTool(podman, ["create", "--network", "none", id, "none"], unpacking)
      ).trim();
      try {
        // Not into a pipe: it opens /dev/stdout anew, which a socket does not allow.
        const archive = `${root}.tar`;
        await runTool(podman, ["export", "--output", archive, container], unpacking);
        await unpackTar(createReadStream(archive), root, { signal });
        await rm(archive);
      } finally {
        await runTool(podman, ["rm", "--force", container], {
          ...unpacking,
          signal: new AbortController().signal,
        });
      }
    },
  };
}

async function buildahImage(buildah: string, name: string, signal: AbortSignal): Promise<ObtainedImage> {
  const looking = {
    what: `look at the image ${name}`,
    code: "IMAGE_NOT_FOUND",
    remedy: "Try again.",
    signal,
  } as const;
  const told = await runTool(buildah, ["inspect", "--type", "image", name], looking);
  const image = JSON.parse(told) as { FromImageID: string; OCIv1?: ImageConfig };
  const id = `sha256:${image.FromImageID.replace(/^sha256:/, "")}`;
  return {
    facts: factsOf(id, name, image.OCIv1 ?? {}),
    async unpack(root, signal) {
      const unpacking = { ...looking, what: `unpack the image ${name}`, signal };
      const container = (await runTool(buildah, ["from", id], unpacking)).trim();
      try {
        // Without root what it mounts is there only for what it starts.
        const outside = process.getuid?.() === 0 ? [] : [buildah, "unshare"];
        const pack = `exec tar --create --directory "$("$1" mount "$2")" .`;
        const command = [...outside, "sh", "-c", pack, "sh", buildah, container] as const;
        await unpackFrom(command[0], command.slice(1), root, signal);
      } finally {
        await runTool(buildah, ["rm", container], { ...unpacking, signal: new AbortController().signal });
      }
    },
  };
}

/** Unpacks the tar that a tool writes. */
async function unpackFrom(
  tool: string,
  args: readonly string[],
  root: string,
  signal: AbortSignal,
): Promise<void> {
  const child = spawn(tool, args, { stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(127));
    child.once("close", resolve);
  });
  try {
    await unpackTar(child.stdout, root, { signal });
  } finally {
    child.kill("SIGKILL");
  }
  const code = await ended;
  if (code === 0) return;
  throw new SandboxError("IMAGE_NOT_FOUND", `${tool} ended with ${code} while it exported an image.`, {
    remedy: "Try again; the tool's own messages say more.",
  });
}

function fetching(reference: string, signal: AbortSignal, onProgress: (progress: Progress) => void) {
  return {
    what: `fetch the image ${reference}`,
    code: "IMAGE_NOT_FOUND",
    remedy:
      "Check the name and the tag, the network and its proxy; for a private registry run `skopeo login` first.",
    signal,
    onLine: (line: string) => onProgress({ phase: "pull", message: `Fetching ${reference}: ${line}` }),
  } as const;
}
