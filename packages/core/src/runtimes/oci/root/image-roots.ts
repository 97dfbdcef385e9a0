import { SandboxError } from "../../../errors.ts";
import { silentLogger } from "../../../logger.ts";
import type { ImageSource, LaunchOptions } from "../../../runtime.ts";
import { discoverEngine } from "../../engine/discovery/discover-engine.ts";
import { goArchitecture, type Engine } from "../../engine/engine.ts";
import { planBuild } from "../../engine/image/build-image.ts";
import { resolveImage } from "../../engine/image/image-source.ts";
import { folderError } from "../host/folders.ts";
import type { BoxRoot } from "./box-root.ts";
import { exportFromEngine } from "./export-from-engine.ts";
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
  #engine: Promise<Engine> | null = null;

  constructor(options: ImageRootsOptions) {
    this.#options = options;
    this.store = new RootStore(options.cacheFolder);
    this.#names = new ImageNames(options.cacheFolder);
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
    if (fixed && pull !== "always") {
      const root = await this.#stored(name, work);
      if (root) return root;
    }
    const engine = await this.#found(options).catch(async (error: unknown) => {
      if (!SandboxError.is(error, "ENGINE_NOT_FOUND")) throw error;
      const root = pull === "always" ? null : await this.#stored(name, work);
      if (root) return root;
      throw noWay(source, name, error);
    });
    if ("folder" in engine) return engine;
    const image = await resolveImage(source, {
      engine,
      pull,
      platform: undefined,
      signal,
      logger,
      onProgress,
    });
    checkArchitecture(image);
    const { id, reference, architecture, env, volumes } = image;
    const facts = { id, reference, architecture, env, volumes };
    const root = await this.store.ensure(
      facts,
      (folder, signal) => exportFromEngine(engine, image, folder, { signal, onProgress }),
      work,
    );
    await this.#names.keep(name, id).catch((error: unknown) => {
      throw folderError(this.#options.cacheFolder, error);
    });
    return root;
  }

  async #stored(name: string, work: StoreWork): Promise<BoxRoot | null> {
    const id = await this.#names.find(name);
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

  async #found({ signal, logger, onProgress }: LaunchOptions): Promise<Engine> {
    const { imagesFrom } = this.#options;
    this.#engine ??= discoverEngine(imagesFrom === undefined ? {} : { host: imagesFrom }, {
      signal,
      logger,
    }).then(({ engine }) => {
      const message = `Taking images from ${engine.kind} ${engine.version} at ${engine.client.address}.`;
      onProgress?.({ phase: "prepare", message });
      return engine;
    });
    try {
      return await this.#engine;
    } catch (error) {
      this.#engine = null;
      throw error;
    }
  }
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

function noWay(source: ImageSource, name: string, cause: SandboxError): SandboxError {
  const wanted = source.kind === "reference" ? `The image ${name} is` : `What is built as ${name} is`;
  return new SandboxError(
    "ENGINE_NOT_FOUND",
    `${wanted} not stored yet, and there is no engine on this machine to get it from.`,
    {
      cause,
      remedy:
        "Start Docker or Podman (`apt-get install podman`), or pass oci({ rootfs }) with an unpacked root.",
    },
  );
}
