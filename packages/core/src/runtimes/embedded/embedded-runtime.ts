import { SandboxError } from "../../errors.ts";
import type { Box, BoxSpec, LaunchOptions, Removable, Runtime, RuntimeFeatures } from "../../runtime.ts";
import { Child } from "./child.ts";
import type { ChildOptions } from "./child.ts";
import { startBox } from "./embedded-box.ts";
import type { EmbeddedOptions } from "./embedded-options.ts";
import { orAborted } from "../shared/or-aborted.ts";
import { cppSources } from "./cpp-sources.generated.ts";
import {
  findClang,
  findDeno,
  findJustBash,
  findPyodide,
  findRuby,
  installable,
  versions,
} from "./installed-parts.ts";
import { packageParts } from "./package-parts.ts";
import { roles } from "./program.ts";
import type { Role } from "./program.ts";
import { javaScriptKernel, pythonKernel } from "./kernels.ts";
import { MadeFile, cacheFolder } from "./made-file.ts";
import type { Recipe } from "./made-file.ts";
import { removableMemories } from "./removable.ts";
import { SpareChildren } from "./spare-children.ts";

/** A kind of child, and how one is started. */
interface Prepared {
  readonly kind: string;
  readonly child: ChildOptions;
}

/** Boxes without an engine: every process is a Deno without permissions. */
export class EmbeddedRuntime implements Runtime {
  readonly name = "embedded";
  readonly features: RuntimeFeatures = {
    templates: false,
    networks: ["none"],
    images: ["language"],
    // What is installed may change while this program runs.
    get languages() {
      const absent = installable();
      return Object.keys(roles).filter((language) => !Object.hasOwn(absent, language));
    },
    get installable() {
      return installable();
    },
    libraries: false,
  };
  readonly #options: EmbeddedOptions;
  readonly #spares = new SpareChildren();
  /** What was found once is not looked for again. */
  readonly #known = new Map<string, Prepared>();
  /** What children of a role start from. */
  readonly #made = new Map<Role, MadeFile>();

  constructor(options: EmbeddedOptions) {
    this.#options = options;
  }

  async launch(spec: BoxSpec, options: LaunchOptions = {}): Promise<Box> {
    options.signal?.throwIfAborted();
    const role = checkSpec(spec);
    const { memoryBytes } = spec.limits;
    await orAborted(this.#ready(role, memoryBytes, options), options.signal);
    return startBox(spec, (wanted, signal) =>
      this.#started(wanted, memoryBytes, options, ({ kind, child }) =>
        this.#spares.take(kind, child, signal),
      ),
    );
  }

  async probe(): Promise<string> {
    findDeno(this.#options);
    const names = ["deno", "pyodide", "just-bash"] as const;
    const languages = this.features.languages?.join(", ");
    const more = Object.values(installable()).map((command) => `; for more: ${command}`);
    return `${names.map((name) => `${name} ${versions[name]}`).join(", ")}: ${languages}${more.join("")}`;
  }

  async prepare(spec: BoxSpec, options: LaunchOptions = {}): Promise<void> {
    await orAborted(this.#ready(checkSpec(spec), spec.limits.memoryBytes, options), options.signal);
  }

  async removable(): Promise<readonly Removable[]> {
    return removableMemories(cacheFolder(this.#options));
  }

  #ready(role: Role, memoryBytes: number, options: LaunchOptions): Promise<void> {
    return this.#started(role, memoryBytes, options, ({ kind, child }) => this.#spares.ready(kind, child));
  }

  /** Starts a child; one more time when what it starts from was damaged or is gone, and is made again then. */
  async #started<Value>(
    role: Role,
    memoryBytes: number,
    options: LaunchOptions,
    start: (prepared: Prepared) => Promise<Value>,
  ): Promise<Value> {
    const prepared = await this.#prepared(role, memoryBytes, options);
    const made = this.#made.get(role);
    const whole = made?.isWhole() ?? Promise.resolve(true);
    const starting = start(prepared);
    starting.catch(() => {});
    if (await whole) return starting;
    starting.then(
      (started) => started instanceof Child && started.kill(),
      () => {},
    );
    options.logger?.warn(`${made!.what} was damaged and is made again.`);
    this.#spares.drop();
    this.#known.clear();
    await made!.discard();
    return start(await this.#prepared(role, memoryBytes, options));
  }

  async #prepared(role: Role, memoryBytes: number, options: LaunchOptions): Promise<Prepared> {
    const kind = `${role} ${memoryBytes}`;
    const known = this.#known.get(kind);
    if (known) return known;
    const prepared = { kind, child: await this.#childOptions(role, memoryBytes, options) };
    this.#known.set(kind, prepared);
    return prepared;
  }

  async #childOptions(role: Role, memoryBytes: number, options: LaunchOptions): Promise<ChildOptions> {
    const deno = findDeno(this.#options);
    const common = { deno, memoryBytes, readable: [], timeoutMs: this.#options.timeoutMs };
    if (role === "javascript") return { ...common, boot: { role, kernel: javaScriptKernel() } };
    if (role === "bash") {
      findJustBash();
      return { ...common, boot: { role }, helper: packageParts };
    }
    if (role === "ruby") {
      const ruby = findRuby();
      return { ...common, readable: [ruby], boot: { role, ruby } };
    }
    if (role === "program") return { ...common, boot: { role } };
    if (role === "compiler") {
      const { tools, resources } = findClang();
      const clang = { tools, resources };
      const compiled = await this.#madeFile(role, options, {
        name: "cpp",
        what: "What C++ programs are compiled and linked with",
        making: "compiling what C++ programs need",
        key: [versions.deno, versions["@yowasp/clang"], tools, JSON.stringify(cppSources)],
        deno,
        readable: [tools, resources],
        boot: { role: "compiled-files", clang, sources: cppSources },
        install: `npm install deno@${versions.deno} @yowasp/clang@${versions["@yowasp/clang"]}`,
      });
      return { ...common, readable: [tools, resources, compiled], boot: { role, clang, compiled } };
    }
    const pyodide = findPyodide(this.#options);
    const kernel = pythonKernel();
    const snapshot = await this.#madeFile(role, options, {
      name: "python",
      what: "The memory of a started Python",
      making: "starting Python",
      key: [versions.deno, versions.pyodide, pyodide, kernel],
      deno,
      readable: [pyodide],
      boot: { role: "snapshot", pyodide, snapshot: null, kernel },
      install: `npm install deno@${versions.deno} pyodide@${versions.pyodide}`,
    });
    return { ...common, readable: [pyodide, snapshot], boot: { role, pyodide, snapshot, kernel } };
  }

  #madeFile(role: Role, options: LaunchOptions, recipe: Recipe): Promise<string> {
    const made = this.#made.get(role) ?? new MadeFile(this.#options, recipe);
    this.#made.set(role, made);
    return made.file(options);
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
        `It can have ${Object.keys(roles).join(", ")}. Use a container runtime for ${image.language}: docker() ` +
        "with Docker or Podman, or oci() on Linux.",
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
