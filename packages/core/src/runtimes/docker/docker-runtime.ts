import { silentLogger } from "../../logger.ts";
import type {
  Box,
  BoxSpec,
  LaunchOptions,
  Removable,
  Runtime,
  RuntimeFeatures,
  SaveTemplateRequest,
  Template,
} from "../../runtime.ts";
import type { FindAgentBinary } from "../shared/agent-binary.ts";
import { agentVolumeName, ensureAgentVolume } from "./agent/agent-volume.ts";
import { removeOldAgentVolumes } from "./agent/old-agent-volumes.ts";
import { missingLimits } from "./box/missing-limits.ts";
import { checkOciRuntime } from "./box/oci-runtime.ts";
import { drawBoxIds } from "../shared/box-ids.ts";
import { takenUids } from "./box/taken-uids.ts";
import { checkSpec } from "../shared/check-spec.ts";
import { launchBox } from "./box/launch-box.ts";
import { isSeccompFileUnseen, seccompFile } from "./box/podman-seccomp.ts";
import { isAgentMissing } from "./box/start-error.ts";
import type { DockerOptions } from "./docker-options.ts";
import { discoverEngine } from "../engine/discovery/discover-engine.ts";
import type { Engine } from "../engine/engine.ts";
import { resolveImage } from "../engine/image/image-source.ts";
import type { ResolvedImage } from "../engine/image/resolved-image.ts";
import { shared } from "../shared/shared-work.ts";
import { orAborted } from "../shared/or-aborted.ts";
import { reapAbandoned } from "./reaper.ts";
import { removableOf } from "./removable.ts";
import { saveTemplate } from "./template.ts";

/** Engines whose abandoned boxes this process has looked for. */
const reaped = new Set<string>();

/** Boxes as containers of one engine, which is looked for at the first use. */
export class DockerRuntime implements Runtime {
  readonly name = "docker";
  readonly features: RuntimeFeatures = {
    templates: true,
    networks: ["none", "full"],
    images: ["reference", "dockerfile", "language"],
  };
  readonly #options: DockerOptions;
  readonly #findAgentBinary: FindAgentBinary;
  #engine: Promise<Engine> | null = null;
  readonly #agentVolumes: Set<string> = new Set();
  #seccompFiles = true;

  constructor(options: DockerOptions, findAgentBinary: FindAgentBinary) {
    this.#options = options;
    this.#findAgentBinary = findAgentBinary;
  }

  async launch(spec: BoxSpec, options: LaunchOptions = {}): Promise<Box> {
    checkSpec(spec);
    const engine = await this.#found(options);
    const missing = missingLimits(engine, this.#options.missingLimits);
    if (missing !== undefined) {
      options.logger?.warn(missing);
      options.onProgress?.({ phase: "prepare", message: missing });
    }
    const image = await this.#image(engine, spec, options);
    const launch = () => this.#launch(engine, spec, image, options);
    try {
      return await launch()
        .catch((error: unknown) => {
          if (!isSeccompFileUnseen(error)) throw error;
          if (this.#seccompFiles) {
            const said = "Podman does not see this machine's files: its own seccomp profile is in force.";
            options.logger?.warn(said);
          }
          this.#seccompFiles = false;
          return launch();
        })
        .catch((error: unknown) => {
          if (!isAgentMissing(error)) throw error;
          // Somebody has removed the volume since this process looked.
          this.#agentVolumes.clear();
          return launch();
        });
    } finally {
      this.#reapOnce(engine, options);
    }
  }

  async probe(options: LaunchOptions = {}): Promise<string> {
    const { kind, version, client } = await this.#found(options);
    return `${kind} ${version} at ${client.address}`;
  }

  async removable(options: LaunchOptions = {}): Promise<readonly Removable[]> {
    const { kind, client } = await this.#found(options);
    const where = `${kind} at ${client.address}`;
    return (await removableOf(client)).map((one) => ({ ...one, where }));
  }

  async prepare(spec: BoxSpec, options: LaunchOptions = {}): Promise<void> {
    checkSpec(spec);
    const engine = await this.#found(options);
    await this.#agentVolume(engine, await this.#image(engine, spec, options), options);
  }

  async saveTemplate(request: SaveTemplateRequest, options: LaunchOptions = {}): Promise<Template> {
    const engine = await this.#found(options);
    return saveTemplate(engine, request, options.signal);
  }

  async #launch(engine: Engine, spec: BoxSpec, image: ResolvedImage, options: LaunchOptions): Promise<Box> {
    const agentVolume = await this.#agentVolume(engine, image, options);
    // Where ids are few, other programs' boxes may well have drawn the same.
    const others = engine.fewIds ? await takenUids(engine.client) : undefined;
    const { mode = "split-uid", ociRuntime, platform } = this.#options;
    return launchBox({
      engine,
      spec,
      image,
      agentVolume,
      ids: drawBoxIds(engine.fewIds, others),
      mode,
      ociRuntime,
      platform,
      seccompPath: this.#seccompFiles ? await seccompFile(engine) : null,
      signal: options.signal,
      logger: options.logger ?? silentLogger,
    });
  }

  /** Found once and for all callers; a failure is not kept, as the engine may be started meanwhile. */
  async #found({ signal, logger, onProgress }: LaunchOptions): Promise<Engine> {
    signal?.throwIfAborted();
    if (!this.#engine) {
      const found = discoverEngine(this.#options, { logger }).then(({ engine, source }) => {
        const { kind, version, client } = engine;
        const message = `Using ${kind} ${version} at ${client.address}, named by ${source}.`;
        onProgress?.({ phase: "prepare", message });
        checkOciRuntime(engine, this.#options.ociRuntime);
        return engine;
      });
      this.#engine = found;
      found.catch(() => {
        if (this.#engine === found) this.#engine = null;
      });
    }
    return orAborted(this.#engine, signal);
  }

  #image(engine: Engine, spec: BoxSpec, options: LaunchOptions): Promise<ResolvedImage> {
    const { pull = "missing", platform } = this.#options;
    return resolveImage(spec.image, {
      engine,
      pull,
      platform,
      signal: options.signal,
      logger: options.logger ?? silentLogger,
      onProgress: options.onProgress ?? (() => {}),
    });
  }

  async #agentVolume(engine: Engine, image: ResolvedImage, options: LaunchOptions): Promise<string> {
    const { architecture } = image;
    const binary = await this.#findAgentBinary(architecture);
    const name = agentVolumeName(binary, architecture);
    if (this.#agentVolumes.has(name)) return name;
    await shared(`${engine.client.address} ${name}`, options.signal, (signal) =>
      ensureAgentVolume(engine.client, binary, architecture, image.id, signal),
    );
    this.#agentVolumes.add(name);
    return name;
  }

  /** In the background: a person who waits for a box does not wait for other people's rubbish. */
  #reapOnce({ client }: Engine, { logger = silentLogger }: LaunchOptions): void {
    if (reaped.has(client.address)) return;
    reaped.add(client.address);
    const work = async () => {
      await reapAbandoned(client, logger);
      await removeOldAgentVolumes(client, this.#agentVolumes);
    };
    work().catch((error: Error) => {
      logger.debug(`What others abandoned could not be looked for: ${error.message}`);
    });
  }
}
