import { resolve } from "node:path";
import { SandboxError } from "./errors.ts";
import { findLanguage } from "./languages/index.ts";
import type { Language } from "./language.ts";
import { languageImageFolder } from "./language-image.ts";
import type { Logger } from "./logger.ts";
import { harmless, silentLogger } from "./logger.ts";
import { checkKnown, checkNumber, checkOptional, invalid, shown } from "./option-checks.ts";
import type { ImageSource, Limits, Network, Progress, Runtime } from "./runtime.ts";

/** How a session is opened. Everything has a safe default; unknown options are rejected. */
export interface SandboxSessionOptions {
  /** `python` (default), `javascript`, `typescript`, `bash`, `java`, `cpp`, `go`, `ruby`, or one of their usual short names. */
  readonly lang?: string;
  /** An image by name, in place of the language's default one. Not together with `dockerfile`. */
  readonly image?: string;
  /** Path of a Dockerfile on this machine; its folder is the build context. */
  readonly dockerfile?: string;
  /** Where boxes run: `docker()` and the like. Left out: the engine that is found on this machine. */
  readonly runtime?: Runtime;
  /** Keep the session's files as an image at `close()`: true for a fresh name, or the name. See `session.template`. */
  readonly keepTemplate?: boolean | string;
  readonly limits?: Partial<Limits>;
  /** `none` (default) or `full`. */
  readonly network?: Network;
  /** Environment of everything that runs in the session. Nothing of this program's own environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Time limit of a run or command that names none, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** Bytes kept of each of a run's outputs, half from its head and half from its tail. Default 1 MiB. */
  readonly maxOutputBytes?: number;
  /** Log what happens: the box, and every run and command with how it ended. To `logger`, else to the console. */
  readonly verbose?: boolean;
  readonly logger?: Logger;
  /** Called for work that takes a while at `open()`: pulls, builds. */
  readonly onProgress?: (progress: Progress) => void;
}

/** What a session works with: options checked, defaults filled in. */
export interface SessionSettings {
  readonly language: Language;
  readonly image: ImageSource;
  readonly runtime: Runtime | undefined;
  readonly keepTemplate: { readonly name: string | undefined } | undefined;
  readonly limits: Limits;
  readonly network: Network;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  readonly logger: Logger;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** Room for model-written programs with common libraries; every figure can be changed. */
const defaultLimits: Limits = {
  memoryBytes: 1_073_741_824,
  cpus: 1,
  processes: 128,
  diskBytes: 268_435_456,
  diskEntries: 100_000,
  openFiles: 1_024,
  lifetimeMs: 3_600_000,
};

const limitBounds: Readonly<Record<keyof Limits, { readonly least: number; readonly most: number }>> = {
  memoryBytes: { least: 33_554_432, most: 2 ** 50 },
  cpus: { least: 0.05, most: 4_096 },
  processes: { least: 4, most: 1_000_000 },
  diskBytes: { least: 1_048_576, most: 2 ** 50 },
  diskEntries: { least: 100, most: 1_000_000_000 },
  openFiles: { least: 32, most: 1_048_576 },
  lifetimeMs: { least: 1_000, most: 2_592_000_000 },
};

/** Every option of a session. */
export const sessionOptionNames: readonly string[] = [
  "lang",
  "image",
  "dockerfile",
  "runtime",
  "keepTemplate",
  "limits",
  "network",
  "env",
  "timeoutMs",
  "maxOutputBytes",
  "verbose",
  "logger",
  "onProgress",
] as const satisfies readonly (keyof SandboxSessionOptions)[];

/** Longest time limit: what a timer can hold. */
export const mostTimeoutMs = 2_147_000_000;

/** Checks every option and fills in the defaults. Throws `INVALID_OPTION`, `UNKNOWN_LANGUAGE` or `UNSUPPORTED`. */
export function settleOptions(options: SandboxSessionOptions = {}): SessionSettings {
  checkKnown("SandboxSession", options, sessionOptionNames);
  checkOptional(options, "verbose", "boolean");
  checkOptional(options, "onProgress", "function");
  const { lang = "python", timeoutMs = 30_000, maxOutputBytes = 1_048_576 } = options;
  const language = findLanguage(lang);
  checkTimeout(timeoutMs);
  checkNumber("maxOutputBytes", maxOutputBytes, { least: 1_024, most: 268_435_456, whole: true });
  return {
    language,
    image: imageSource(options, language),
    runtime: checkRuntime(options.runtime),
    keepTemplate: templateChoice(options.keepTemplate),
    limits: settleLimits(options.limits),
    network: checkNetwork(options.network),
    env: checkEnvironment(options.env),
    timeoutMs,
    maxOutputBytes,
    logger: harmless(checkLogger(options.logger) ?? (options.verbose ? console : silentLogger)),
    onProgress: options.onProgress,
  };
}

/** Throws `INVALID_OPTION` unless it is a time in milliseconds that a timer can keep. */
export function checkTimeout(timeoutMs: unknown): void {
  checkNumber("timeoutMs", timeoutMs, { least: 1, most: mostTimeoutMs });
}

/** Throws `INVALID_OPTION` for names and values that no environment can hold. */
export function checkEnvironment(
  env: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  if (env === undefined) return {};
  if (typeof env !== "object" || env === null) throw invalid("env is not an object of strings.");
  for (const [name, value] of Object.entries(env)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw invalid(`${shown(name)} is not the name of an environment variable.`);
    }
    if (typeof value !== "string" || value.includes("\0") || !value.isWellFormed()) {
      throw invalid(`The environment variable ${name} is not a string without NUL.`);
    }
  }
  return { ...env };
}

function imageSource(options: SandboxSessionOptions, language: Language): ImageSource {
  const { image, dockerfile } = options;
  if (image !== undefined && dockerfile !== undefined) {
    throw invalid("Both image and dockerfile are given.", "Pass one of them.");
  }
  if (image !== undefined) {
    if (typeof image !== "string" || !/^[A-Za-z0-9][\w.:/@-]{0,500}$/.test(image)) {
      throw invalid(`${shown(image)} is not an image name.`, 'Pass one like "python:3.13-slim".');
    }
    return { kind: "reference", reference: image };
  }
  if (dockerfile !== undefined) {
    if (typeof dockerfile !== "string" || dockerfile === "" || dockerfile.includes("\0")) {
      throw invalid("dockerfile is not a path.", "Pass the path of a Dockerfile on this machine.");
    }
    return { kind: "dockerfile", path: resolve(dockerfile) };
  }
  const folder = languageImageFolder(language.imageFolder);
  return { kind: "language", language: language.imageFolder, folder };
}

function checkRuntime(runtime: Runtime | undefined): Runtime | undefined {
  if (runtime === undefined) return undefined;
  if (typeof runtime !== "object" || runtime === null || typeof runtime.launch !== "function") {
    throw invalid(
      "runtime is not a runtime.",
      'Pass one, for example docker() from "@llm-sandbox/core/docker".',
    );
  }
  return runtime;
}

function checkLogger(logger: Logger | undefined): Logger | undefined {
  if (logger === undefined) return undefined;
  const methods = ["debug", "info", "warn"] as const;
  const fits =
    typeof logger === "object" &&
    logger !== null &&
    methods.every((name) => typeof logger[name] === "function");
  if (!fits)
    throw invalid("logger is not a logger.", "Pass an object with debug, info and warn, as console is.");
  return logger;
}

function templateChoice(choice: boolean | string | undefined): SessionSettings["keepTemplate"] {
  if (choice === undefined || choice === false) return undefined;
  if (choice === true) return { name: undefined };
  checkTemplateName(choice);
  return { name: choice };
}

/** Throws `INVALID_OPTION` unless it is a name an image can have. */
export function checkTemplateName(name: unknown): void {
  if (typeof name !== "string" || !/^[a-z0-9][a-z0-9._/-]{0,200}(:[\w][\w.-]{0,127})?$/.test(name)) {
    throw invalid(`${shown(name)} is not a name for a template.`, 'Pass one like "my-team/setup:1".');
  }
}

function settleLimits(limits: Partial<Limits> | undefined): Limits {
  if (limits === undefined) return defaultLimits;
  checkKnown("limits", limits, Object.keys(limitBounds));
  const settled: Record<keyof Limits, number> = { ...defaultLimits };
  for (const name of Object.keys(limitBounds) as (keyof Limits)[]) {
    const value = limits[name];
    if (value === undefined) continue;
    checkNumber(`limits.${name}`, value, { ...limitBounds[name], whole: name !== "cpus" });
    settled[name] = value;
  }
  // Memory-backed files count as memory: by default they may take at most half of it.
  if (limits.diskBytes === undefined) {
    settled.diskBytes = Math.min(settled.diskBytes, Math.floor(settled.memoryBytes / 4));
  }
  return settled;
}

function checkNetwork(network: Network | undefined): Network {
  if (network === undefined || network === "none" || network === "full") return network ?? "none";
  if (typeof network === "object" && network !== null) {
    throw new SandboxError("UNSUPPORTED", "No runtime here can restrict the network to an allow-list yet.", {
      remedy: 'Use "none" (the default), or "full" if the code may reach everything.',
    });
  }
  throw invalid(`network is ${shown(network)}.`, 'Use "none" or "full".');
}
