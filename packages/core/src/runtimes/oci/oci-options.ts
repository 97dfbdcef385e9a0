import { isAbsolute, resolve } from "node:path";
import { SandboxError } from "../../errors.ts";

/** How boxes are started without a daemon. */
export interface OciOptions {
  /** An OCI runtime by its name in `PATH` or by its absolute path. Default: the first of crun, runc, youki and runsc that works here. */
  readonly ociRuntime?: string;
  /** A folder with the files of a Linux system: the root of every box, read-only. Default: the root of the session's image. */
  readonly rootfs?: string;
  /**
   * `split-uid` (default): the agent is the box's root with two capabilities, user code is somebody else.
   * `same-uid`: both are one unprivileged user. Either way no id of the box is one of this machine's users.
   */
  readonly mode?: "split-uid" | "same-uid";
  /** Where roots, templates and the agent are kept. Default: /var/cache/llm-sandbox for root, else the user's cache folder. */
  readonly cacheFolder?: string;
  /** How long the OCI runtime may take to start a box, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** When images are fetched. Default `missing`. */
  readonly pull?: "missing" | "never" | "always";
  /**
   * Where images come from: an engine as `unix:///path` and the like, or `tools` for skopeo and umoci, podman or buildah.
   * Default: the engine of this machine, else the tools. What is stored already needs neither.
   */
  readonly imagesFrom?: string;
}

const known: readonly (keyof OciOptions)[] = [
  "ociRuntime",
  "rootfs",
  "mode",
  "cacheFolder",
  "timeoutMs",
  "pull",
  "imagesFrom",
];

/** Returns the options with absolute paths, or throws INVALID_OPTION naming the first that is unknown, malformed or contradicts another. */
export function checkOciOptions(options: OciOptions): OciOptions {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw invalid("The options of oci() are not an object.", "Pass an object.");
  }
  for (const name of Object.keys(options)) {
    if (!(known as readonly string[]).includes(name)) {
      throw invalid(`oci() has no option "${name}".`, `The options are: ${known.join(", ")}.`);
    }
  }
  for (const name of ["ociRuntime", "rootfs", "cacheFolder", "imagesFrom"] as const) {
    const value = options[name];
    if (value !== undefined && (typeof value !== "string" || value === "" || value.includes("\0"))) {
      throw invalid(`oci({ ${name} }) is not a text.`, "Pass a non-empty string.");
    }
  }
  oneOf("mode", options.mode, ["split-uid", "same-uid"]);
  oneOf("pull", options.pull, ["missing", "never", "always"]);
  const { ociRuntime, rootfs, cacheFolder, timeoutMs } = options;
  if (
    timeoutMs !== undefined &&
    !(Number.isFinite(timeoutMs) && timeoutMs >= 1 && timeoutMs <= 2 ** 31 - 1)
  ) {
    throw invalid(
      "oci({ timeoutMs }) is not a number of milliseconds.",
      "Pass a number from 1 to 2147483647.",
    );
  }
  if (ociRuntime !== undefined && !isAbsolute(ociRuntime) && !/^[A-Za-z0-9][\w.+-]*$/.test(ociRuntime)) {
    throw invalid(
      `oci({ ociRuntime: ${JSON.stringify(ociRuntime)} }) is neither a name nor an absolute path.`,
      'Pass "runc", "crun", "runsc" or the path of one.',
    );
  }
  return {
    ...options,
    ...(rootfs === undefined ? {} : { rootfs: resolve(rootfs) }),
    ...(cacheFolder === undefined ? {} : { cacheFolder: resolve(cacheFolder) }),
  };
}

function oneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (value !== undefined && !(allowed as readonly unknown[]).includes(value)) {
    throw invalid(
      `oci({ ${name} }) is ${JSON.stringify(value) ?? typeof value}.`,
      `It is one of: ${allowed.join(", ")}.`,
    );
  }
}

function invalid(message: string, remedy: string): SandboxError {
  return new SandboxError("INVALID_OPTION", message, { remedy });
}
