import { stat } from "node:fs/promises";
import { join } from "node:path";
import { SandboxError } from "../../../errors.ts";
import { EngineStatusError, sentence } from "../engine-error.ts";
import { label } from "../labels.ts";
import { digestOf, packContext, readContext, type BuildContext } from "./build-context.ts";
import { certificateEntries } from "./certificates.ts";
import { followProgress } from "./follow-progress.ts";
import { withHostLock } from "../../shared/host-lock.ts";
import type { ImageWork } from "./image-source.ts";
import { inspectImage, type ResolvedImage } from "./resolved-image.ts";
import { shared } from "../../shared/shared-work.ts";

/** A step of a build may be silent while it downloads or compiles. */
const silenceMs = 20 * 60_000;
const keptLines = 30;

/** The image of a user's Dockerfile, built once for the content of its context. */
export async function buildDockerfile(path: string, work: ImageWork): Promise<ResolvedImage> {
  return buildOnce("build", await readContext(path), work);
}

/** The default image of a language, built once for the content of its folder and the host's additional authorities. */
export async function buildLanguage(
  language: string,
  folder: string,
  work: ImageWork,
): Promise<ResolvedImage> {
  const dockerfile = join(folder, "Dockerfile");
  if (!(await stat(dockerfile).catch(() => null))?.isFile()) {
    throw new SandboxError("LANGUAGE_UNAVAILABLE", `There is no default image for ${language}.`, {
      remedy: "Pass `image` or `dockerfile`.",
      details: { dockerfile },
    });
  }
  const context = await readContext(dockerfile);
  const own = context.entries.filter(({ path }) => path.split("/")[0] !== "certificates");
  return buildOnce(language, { ...context, entries: [...own, ...(await certificateEntries())] }, work);
}

async function buildOnce(name: string, context: BuildContext, work: ImageWork): Promise<ResolvedImage> {
  const { engine, signal, platform, onProgress } = work;
  const digest = await digestOf(context);
  const tag = `llm-sandbox/${name}:${digest.slice(0, 16)}${platform ? `-${platform.replaceAll("/", "-")}` : ""}`;
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
    throw buildError(tag, error, lines);
  }
}

function buildError(tag: string, error: EngineStatusError, lines: readonly string[]): SandboxError {
  const { reason } = error;
  const output = lines.length === 0 ? "" : `\n${lines.join("\n")}\n`;
  return new SandboxError(
    "IMAGE_BUILD_FAILED",
    `The image ${tag} could not be built: ${sentence(reason)}${output}`,
    {
      cause: error,
      remedy: /buildkit/i.test(reason)
        ? "Write the Dockerfile without BuildKit's additions, or build it yourself and pass it as `image`."
        : /no such host|dial tcp|pull access denied|manifest|short-name/i.test(reason)
          ? "The engine cannot fetch the image that the Dockerfile starts from: build or load that image first."
          : "Correct the step that failed; its output is above.",
      details: { output: lines },
    },
  );
}
