import { stat } from "node:fs/promises";
import { join } from "node:path";
import { SandboxError } from "../../../errors.ts";
import { EngineStatusError, fullDiskRemedy, sentence } from "../engine-error.ts";
import { label } from "../labels.ts";
import { digestOf, packContext, readContext, type BuildContext } from "./build-context.ts";
import { certificateEntries } from "./certificates.ts";
import { followProgress } from "./follow-progress.ts";
import { withHostLock } from "../../shared/host-lock.ts";
import type { ImageSource } from "../../../runtime.ts";
import type { ImageWork } from "./image-source.ts";
import { inspectImage, type ResolvedImage } from "./resolved-image.ts";
import { shared } from "../../shared/shared-work.ts";

/** A step of a build may be silent while it downloads or compiles. */
const silenceMs = 20 * 60_000;
const keptLines = 30;

/** Everything that decides what is in a built image, and the name that says so. */
export interface BuildPlan {
  readonly context: BuildContext;
  /** Different for every other content. */
  readonly tag: string;
}

/** What a user's Dockerfile with its folder, or a language's folder with the host's additional authorities, is built from. */
export async function planBuild(
  source: Exclude<ImageSource, { readonly kind: "reference" }>,
  platform?: string,
): Promise<BuildPlan> {
  const [name, context] =
    source.kind === "dockerfile"
      ? ["build", await readContext(source.path)]
      : [source.language, await languageContext(source.language, source.folder)];
  const digest = (await digestOf(context)).slice(0, 16);
  return {
    context,
    tag: `llm-sandbox/${name}:${digest}${platform ? `-${platform.replaceAll("/", "-")}` : ""}`,
  };
}

async function languageContext(language: string, folder: string): Promise<BuildContext> {
  const dockerfile = join(folder, "Dockerfile");
  if (!(await stat(dockerfile).catch(() => null))?.isFile()) {
    throw new SandboxError("LANGUAGE_UNAVAILABLE", `There is no default image for ${language}.`, {
      remedy: "Pass `image` or `dockerfile`.",
      details: { dockerfile },
    });
  }
  const context = await readContext(dockerfile);
  const own = context.entries.filter(({ path }) => path.split("/")[0] !== "certificates");
  return { ...context, entries: [...own, ...(await certificateEntries())] };
}

/** The image of a plan, built unless the engine has it. */
export async function buildOnce({ context, tag }: BuildPlan, work: ImageWork): Promise<ResolvedImage> {
  const { engine, signal, onProgress } = work;
  const present = await inspectImage(engine.client, tag, signal);
  if (present) return present;
  // Several sessions of this process, and several processes of this machine, build the same thing only once.
  return shared(`${engine.client.address} ${tag}`, signal, (signal) => {
    const waiting = () =>
      onProgress({ phase: "build", message: `Another process is building ${tag}; waiting for it.` });
    return withHostLock(`build ${engine.client.address} ${tag}`, { signal, waiting }, async () => {
      const meanwhile = await inspectImage(engine.client, tag, signal);
      if (meanwhile) return meanwhile;
      await build(tag, context, { ...work, signal });
      const built = await inspectImage(engine.client, tag, signal);
      if (built) return built;
      throw new SandboxError("IMAGE_BUILD_FAILED", `The image ${tag} is not there after it was built.`, {
        remedy: "Is something removing images on the engine?",
      });
    });
  });
}

async function build(tag: string, context: BuildContext, work: ImageWork): Promise<void> {
  const { engine, signal, platform, onProgress, pull } = work;
  const what = `build the image ${tag}`;
  const lines: string[] = [];
  onProgress({ phase: "build", message: `Building the image ${tag}.` });
  try {
    const answer = await engine.client.stream(
      {
        method: "POST",
        path: "/build",
        query: {
          t: tag,
          dockerfile: context.dockerfile,
          labels: { [label.kind]: "image" },
          rm: 1,
          forcerm: 1,
          ...(pull === "always" ? { pull: 1 } : {}),
          ...(platform === undefined ? {} : { platform }),
        },
      },
      { what, signal, timeoutMs: silenceMs },
      packContext(context),
    );
    await followProgress(answer, { what, signal, silenceMs }, ({ stream, status }) => {
      for (const line of (stream ?? status ?? "").split(/[\r\n]+/)) {
        const text = line.replace(/\u001B\[[0-9;]*[A-Za-z]/g, "").trimEnd();
        if (text.trim() === "") continue;
        lines.push(text.slice(0, 500));
        if (lines.length > keptLines) lines.shift();
        onProgress({ phase: "build", message: text.slice(0, 500) });
      }
    });
  } catch (error) {
    if (!(error instanceof EngineStatusError)) throw error;
    throw platform !== undefined && isForeign(`${error.reason}\n${lines.join("\n")}`)
      ? platformError(tag, platform, error)
      : buildError(tag, error, lines);
  }
}

/** What engines say when a step is a program of another processor. */
function isForeign(output: string): boolean {
  return /exec format error|no matching manifest|does not match the specified platform/i.test(output);
}

function platformError(tag: string, platform: string, cause: Error): SandboxError {
  return new SandboxError("IMAGE_PLATFORM", `The image ${tag} cannot be built for ${platform} here.`, {
    remedy: "Leave platform out, or let the engine's host emulate it (binfmt_misc with qemu-user-static).",
    cause,
  });
}

function buildError(tag: string, error: EngineStatusError, lines: readonly string[]): SandboxError {
  const { reason } = error;
  const output = lines.length === 0 ? "" : `\n${lines.join("\n")}\n`;
  const whenFull = fullDiskRemedy(reason + output);
  return new SandboxError(
    "IMAGE_BUILD_FAILED",
    `The image ${tag} could not be built: ${sentence(reason)}${output}`,
    {
      cause: error,
      remedy:
        whenFull ??
        (/buildkit/i.test(reason)
          ? "Write the Dockerfile without BuildKit's additions, or build it yourself and pass it as `image`."
          : /no such host|dial tcp|pull access denied|manifest|short-name/i.test(reason)
            ? "The engine cannot fetch the image that the Dockerfile starts from: build or load that image first."
            : "Correct the step that failed; its output is above."),
      details: { output: lines },
    },
  );
}
