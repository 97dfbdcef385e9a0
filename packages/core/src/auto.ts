import { amended, SandboxError } from "./errors.ts";
import { knownRuntimes } from "./known-runtimes.ts";
import type { KnownRuntime, RuntimeName } from "./known-runtimes.ts";
import type { Logger } from "./logger.ts";
import { silentLogger } from "./logger.ts";
import { shown } from "./option-checks.ts";
import type { ImageSource, Progress, Runtime } from "./runtime.ts";
import { settleOptions } from "./session-options.ts";

export interface AutoOptions {
  /** What the session runs; a runtime without that language is passed over. */
  readonly language?: string;
  /** What its box is made of; a runtime that could not have that is passed over. Default: the language's own image. */
  readonly image?: ImageSource;
  /** In place of looking around. Default: `LLM_SANDBOX_RUNTIME` of this program's environment, where it is set. */
  readonly runtime?: RuntimeName;
  readonly signal?: AbortSignal;
  readonly logger?: Logger;
  readonly onProgress?: (progress: Progress) => void;
}

/** Runtimes of this program by name, so that each looks at the machine once. */
const loaded = new Map<KnownRuntime, Promise<Runtime>>();
/** Choices that were told already. */
const told = new Set<KnownRuntime>();

/**
 * The first runtime that is there: a container engine, an OCI runtime that has or can get the image, the embedded one. A
 * runtime that is there but does not work is an error, and never passed over for a weaker one. Says once, to the logger
 * and `onProgress`, what it chose, what that protects against and what would be stronger.
 */
export async function auto(options: AutoOptions = {}): Promise<Runtime> {
  const wanted = options.runtime ?? runtimeOfEnvironment();
  if (wanted !== undefined) return load(named(wanted));
  const { image = settleOptions({ lang: options.language ?? "python" }).image } = options;
  return choose(knownRuntimes, { ...options, image });
}

/** The first of the runtimes that is there and has what is asked for. */
export async function choose(known: readonly KnownRuntime[], options: AutoOptions): Promise<Runtime> {
  const absent: string[] = [];
  const obtainable: string[] = [];
  for (const candidate of known) {
    const { name, toGet } = candidate;
    const runtime = await load(candidate);
    const unfit = whyNot(runtime, options);
    const reason = unfit ?? (await whyAbsent(runtime, options));
    if (reason === undefined) {
      tell(candidate, absent, options);
      return runtime;
    }
    absent.push(`${name}: ${reason}`);
    if (unfit === undefined) obtainable.push(`${name} (${toGet})`);
  }
  const runs = options.language === undefined ? "" : ` that runs ${options.language}`;
  throw new SandboxError(
    "ENGINE_NOT_FOUND",
    `There is no runtime here${runs}.\n  - ${absent.join("\n  - ")}\n`,
    {
      ...(obtainable.length === 0 ? {} : { remedy: `Get one of these: ${obtainable.join("; ")}.` }),
      details: { absent: true },
    },
  );
}

/** The runtime of that name. Throws `INVALID_OPTION` with the names there are. */
export function named(name: string): KnownRuntime {
  const known = knownRuntimes.find((runtime) => runtime.name === name);
  if (known) return known;
  throw new SandboxError("INVALID_OPTION", `There is no runtime ${shown(name)}.`, {
    remedy: `There are: ${knownRuntimes.map((runtime) => runtime.name).join(", ")}.`,
  });
}

/** True for an error that says: something that is needed is simply not there. */
export function isAbsent(error: unknown): boolean {
  return SandboxError.is(error) && error.details["absent"] === true;
}

/** The runtime that `LLM_SANDBOX_RUNTIME` names, if any. Throws `INVALID_OPTION` with the names there are. */
export function runtimeOfEnvironment(): RuntimeName | undefined {
  const name = process.env["LLM_SANDBOX_RUNTIME"];
  return name === undefined || name === "" || name === "auto" ? undefined : named(name).name;
}

function load(known: KnownRuntime): Promise<Runtime> {
  let runtime = loaded.get(known);
  if (!runtime) {
    runtime = known.load();
    loaded.set(known, runtime);
  }
  return runtime;
}

function whyNot(runtime: Runtime, { language, image }: AutoOptions): string | undefined {
  const { languages, images, installable } = runtime.features;
  if (language !== undefined && languages && !languages.includes(language)) {
    const command = installable?.[language];
    return command === undefined ? `it has no ${language}` : `it has no ${language} (${command})`;
  }
  if (image !== undefined && !images.includes(image.kind)) return "it uses no images";
  return undefined;
}

async function whyAbsent(runtime: Runtime, options: AutoOptions): Promise<string | undefined> {
  try {
    await runtime.probe?.(options);
    return undefined;
  } catch (error) {
    if (!isAbsent(error)) throw await notPassedOver(error, options);
    // What introduces a list ends before it.
    return (error as SandboxError).message.split("\n", 1)[0]!.replace(/ [^.]*:$/, "");
  }
}

/** The error of opening a box on the runtime that `auto` chose. */
export async function chosenFailed(error: unknown, options: AutoOptions): Promise<unknown> {
  const own = SandboxError.is(error) && itself.has(error.code) && runtimeOfEnvironment() === undefined;
  return own ? notPassedOver(error, options) : error;
}

/** The runtime failed, not what was asked of it. */
const itself: ReadonlySet<string> = new Set([
  "ENGINE_NOT_FOUND",
  "ENGINE_ERROR",
  "ENGINE_TIMEOUT",
  "IMAGE_NOT_FOUND",
  "IMAGE_BUILD_FAILED",
  "BOX_START_FAILED",
]);

/** The error of a runtime that is there, with the way to choose a weaker one in full knowledge, where one would do. */
async function notPassedOver(error: unknown, options: AutoOptions): Promise<unknown> {
  if (!SandboxError.is(error)) return error;
  const weaker = knownRuntimes.find(({ kernelLimits }) => !kernelLimits);
  if (weaker === undefined || whyNot(await load(weaker), options) !== undefined) return error;
  const choice = `To use a weaker runtime instead, set LLM_SANDBOX_RUNTIME=${weaker.name}.`;
  if (error.remedy?.includes(choice)) return error;
  return amended(error, { remedy: `${error.remedy ?? ""} ${choice}`.trimStart() });
}

function tell(
  known: KnownRuntime,
  absent: readonly string[],
  { logger = silentLogger, onProgress }: AutoOptions,
): void {
  if (told.has(known)) return;
  told.add(known);
  const { name, protection, stronger, kernelLimits } = known;
  const message = `Using the runtime ${name}: ${protection} Stronger: ${stronger}.`;
  logger[kernelLimits ? "info" : "warn"](message, { absent });
  onProgress?.({ phase: "prepare", message });
}
