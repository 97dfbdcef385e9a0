import { SandboxError } from "../../errors.ts";
import type { Box, BoxSpec, LaunchOptions, Runtime, RuntimeFeatures } from "../../runtime.ts";
import type { Child, ChildOptions } from "./child.ts";
import { startBox } from "./embedded-box.ts";
import type { EmbeddedOptions } from "./embedded-options.ts";
import { findDeno, findJustBash, findPyodide, versions } from "./installed-parts.ts";
import { packageParts } from "./package-parts.ts";
import { roles } from "./program.ts";
import type { Role } from "./program.ts";
import { pythonKernel } from "./python-kernel.ts";
import { PythonMemory } from "./python-memory.ts";
import { SpareChildren } from "./spare-children.ts";

/** Boxes without an engine: every process is a Deno without permissions. */
export class EmbeddedRuntime implements Runtime {
  readonly name = "embedded";
  readonly features: RuntimeFeatures = {
    templates: false,
    networks: ["none"],
    images: ["language"],
    languages: Object.keys(roles),
  };
  readonly #options: EmbeddedOptions;
  readonly #spares = new SpareChildren();
  #memory: PythonMemory | undefined;

  constructor(options: EmbeddedOptions) {
    this.#options = options;
  }

  async launch(spec: BoxSpec, options: LaunchOptions = {}): Promise<Box> {
    options.signal?.throwIfAborted();
    const role = checkSpec(spec);
    const { memoryBytes } = spec.limits;
    const prepared = await this.#prepared(role, memoryBytes, options);
    await this.#spares.ready(prepared.kind, prepared.child);
    options.signal?.throwIfAborted();
    return startBox(spec, (wanted) => this.#takeChild(wanted, memoryBytes, options));
  }

  async probe(): Promise<string> {
    findDeno(this.#options);
    return `Deno ${versions.deno}, Pyodide ${versions.pyodide}, just-bash ${versions["just-bash"]}`;
  }

  async prepare(spec: BoxSpec, options: LaunchOptions = {}): Promise<void> {
    const { kind, child } = await this.#prepared(checkSpec(spec), spec.limits.memoryBytes, options);
    await this.#spares.ready(kind, child);
  }

  async #takeChild(role: Role, memoryBytes: number, options: LaunchOptions): Promise<Child> {
    const { kind, child } = await this.#prepared(role, memoryBytes, options);
    return this.#spares.take(kind, child);
  }

  async #prepared(
    role: Role,
    memoryBytes: number,
    options: LaunchOptions,
  ): Promise<{ readonly kind: string; readonly child: ChildOptions }> {
    const deno = findDeno(this.#options);
    const common = { deno, memoryBytes, readable: [] as string[] };
    const kind = `${role} ${memoryBytes}`;
    if (role === "javascript") return { kind, child: { ...common, boot: { role } } };
    if (role === "bash") {
      findJustBash();
      return { kind, child: { ...common, boot: { role }, helper: packageParts } };
    }
    const pyodide = findPyodide(this.#options);
    this.#memory ??= new PythonMemory(this.#options, deno, pyodide);
    const snapshot = await this.#memory.file(options);
    const boot = { role, pyodide, snapshot, kernel: pythonKernel() };
    return { kind, child: { ...common, readable: [pyodide, snapshot], boot } };
  }
}

/** The role of the box's language. Throws for what this runtime cannot honour. */
function checkSpec({ image, limits }: BoxSpec): Role {
  if (image.kind !== "language") {
    throw new SandboxError("UNSUPPORTED", "The embedded runtime has no images.", {
      remedy: "Leave image and dockerfile out, or use docker().",
    });
  }
  const role = Object.hasOwn(roles, image.language) ? roles[image.language] : undefined;
  if (!role) {
    throw new SandboxError("LANGUAGE_UNAVAILABLE", `The embedded runtime cannot run ${image.language}.`, {
      remedy:
        `It has ${Object.keys(roles).join(", ")}. Use a container runtime for ${image.language}: docker() ` +
        "with Docker or Podman.",
      details: { language: image.language },
    });
  }
  if (limits.cpus < 1) {
    throw new SandboxError("UNSUPPORTED", "The embedded runtime cannot give less than one processor.", {
      remedy: "Leave limits.cpus out or at least at 1, or use docker().",
    });
  }
  return role;
}
