import { SandboxError } from "../../../errors.ts";
import { silentLogger } from "../../../logger.ts";
import type { ImageSource, LaunchOptions } from "../../../runtime.ts";
import { discoverEngine } from "../../engine/discovery/discover-engine.ts";
import { goArchitecture, type Engine } from "../../engine/engine.ts";
import { planBuild } from "../../engine/image/build-image.ts";
import { resolveImage, type ImageWork } from "../../engine/image/image-source.ts";
import { withHostLock } from "../../shared/host-lock.ts";
import { orAborted } from "../../shared/or-aborted.ts";
import { shared } from "../../shared/shared-work.ts";
import { folderError } from "../host/folders.ts";
import type { BoxRoot } from "./box-root.ts";
import { exportFromEngine } from "./export-from-engine.ts";
import type { ObtainedImage } from "./image-facts.ts";
import { buildByTools, checkTools, fetchByTools } from "./image-tools.ts";
import { ImageNames } from "./image-names.ts";
import { RootStore, type StoreWork } from "./root-store.ts";

export interface ImageRootsOptions {
  readonly cacheFolder: string;
  readonly pull: "missing" | "never" | "always";
  readonly imagesFrom: string | undefined;
}

/** Turns images into roots: from the store, else from an engine of this machine. */
export class ImageRoots {
  readonly store: RootStore;
  readonly #names: ImageNames;
  readonly #options: ImageRootsOptions;
  /** Tags of languages, whose folders do not change while a program runs. */
  readonly #tags: Map<string, string> = new Map();
  readonly #ids: Map<string, string> = new Map();
  #engine: Promise<Engine> | null = null;

  constructor(options: ImageRootsOptions) {
    this.#options = options;
    this.store = new RootStore(options.cacheFolder);
    this.#names = new ImageNames(options.cacheFolder);
  }

  /** What it would take to have the root of an image, for a person. Throws what `root` would throw when it is not stored and nothing here can get it. */
  async source(image: ImageSource, options: LaunchOptions): Promise<string> {
    const { pull } = this.#options;
    const name = await this.#nameOf(image);
    const id = pull === "always" ? null : await this.#names.find(name);
    if (id !== null && (await this.store.has(id))) return "its image is stored";
    const engine = await this.#found(options);
    if (engine) return `its image comes from ${engine.kind} at ${engine.client.address}`;
    if (pull === "never") throw notStored(name);
    checkTools(image.kind, name);
    return `its image is ${image.kind === "reference" ? "fetched" : "built"} first`;
  }

  /** The root of a session's image. Throws IMAGE_NOT_FOUND, IMAGE_BUILD_FAILED, or ENGINE_NOT_FOUND when nothing here can get it. */
  async root(source: ImageSource, options: LaunchOptions): Promise<BoxRoot> {
    const { pull } = this.#options;
    const { signal, logger = silentLogger, onProgress = () => {} } = options;
    const work: StoreWork = {
      signal,
      waiting: () =>
        onProgress({ phase: "prepare", message: "Another program is unpacking the image; waiting for it." }),
      damaged: (why) => logger.warn(`${why} It is made again.`),
    };
    const name = await this.#nameOf(source);
    const fixed = source.kind !== "reference" || pull === "never" || /@sha256:|^sha256:/.test(name);
    const stored = pull === "always" ? null : await this.#stored(name, work);
    if (fixed && stored) return stored;
    const engine = await this.#found(options);
    if (engine) {
      const image = await fromEngine(engine, source, { pull, signal, logger, onProgress });
      return this.#store(name, image, work);
    }
    if (stored) return stored;
    if (pull === "never") throw notStored(name);
    return shared(`${this.#options.cacheFolder} ${name}`, signal, (signal) => {
      const waiting = () =>
        onProgress({ phase: "pull", message: `Another program is getting ${name}; waiting for it.` });
      return withHostLock(`get ${this.#options.cacheFolder} ${name}`, { signal, waiting }, async () => {
        const meanwhile = pull === "always" ? null : await this.#stored(name, { ...work, signal });
        if (meanwhile) return meanwhile;
        return this.store.withFolder(async (folder) => {
          const tools = { folder, signal, onProgress };
          const image =
            source.kind === "reference"
              ? await fetchByTools(name, tools)
              : await buildByTools(await planBuild(source), tools);
          return this.#store(name, image, { ...work, signal });
        });
      });
    });
  }

  async #store(name: string, image: ObtainedImage, work: StoreWork): Promise<BoxRoot> {
    checkArchitecture(image.facts);
    const root = await this.store.ensure(image, work);
    this.#ids.set(name, image.facts.id);
    await this.#names.keep(name, image.facts.id).catch((error: unknown) => {
      throw folderError(this.#options.cacheFolder, error);
    });
    return root;
  }

  async #stored(name: string, work: StoreWork): Promise<BoxRoot | null> {
    const id = this.#ids.get(name) ?? (await this.#names.find(name));
    if (id !== null) this.#ids.set(name, id);
    return id === null ? null : this.store.find(id, work);
  }

  async #nameOf(source: ImageSource): Promise<string> {
    if (source.kind === "reference") return source.reference;
    if (source.kind === "dockerfile") return (await planBuild(source)).tag;
    const key = `${source.language} ${source.folder}`;
    const tag = this.#tags.get(key) ?? (await planBuild(source)).tag;
    this.#tags.set(key, tag);
    return tag;
  }

  /** The engine that images are taken from, or null for none: looked for again the next time. */
  async #found({ signal, logger, onProgress }: LaunchOptions): Promise<Engine | null> {
    const { imagesFrom } = this.#options;
    if (imagesFrom === "tools") return null;
    if (!this.#engine) {
      const chosen = imagesFrom === undefined ? {} : { host: imagesFrom, hostFrom: "oci({ imagesFrom })" };
      const found = discoverEngine(chosen, { logger });
      this.#engine = found.then(({ engine }) => {
        const message = `Taking images from ${engine.kind} ${engine.version} at ${engine.client.address}.`;
        onProgress?.({ phase: "prepare", message });
        return engine;
      });
      this.#engine.catch(() => (this.#engine = null));
    }
    return orAborted(this.#engine, signal).catch((error: unknown) => {
      if (imagesFrom === undefined && SandboxError.is(error, "ENGINE_NOT_FOUND")) return null;
      throw error;
    });
  }
}

async function fromEngine(
  engine: Engine,
  source: ImageSource,
  work: Omit<ImageWork, "engine" | "platform">,
): Promise<ObtainedImage> {
  const image = await resolveImage(source, { ...work, engine, platform: undefined });
  const { id, reference, architecture, env, volumes } = image;
  const { onProgress } = work;
  return {
    facts: { id, reference, architecture, env, volumes },
    unpack: (folder, signal) => exportFromEngine(engine, image, folder, { signal, onProgress }),
  };
}

function checkArchitecture({ reference, architecture }: { reference: string; architecture: string }): void {
  const here = goArchitecture(process.arch === "x64" ? "amd64" : process.arch);
  if (architecture === here) return;
  throw new SandboxError(
    "IMAGE_PLATFORM",
    `The image ${reference} is for linux/${architecture}, not for linux/${here}.`,
    { remedy: "Pass an image for this machine." },
  );
}

function notStored(name: string): SandboxError {
  return new SandboxError("IMAGE_NOT_FOUND", `The image ${name} is not stored here, and no engine has it.`, {
    remedy: "Do not pass oci({ pull: 'never' }), or start the engine that has it.",
  });
}
